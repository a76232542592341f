"""An authenticator in software that answers as a browser would, or as one that lies."""

from __future__ import annotations

import hashlib
import json
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

PRESENT, VERIFIED = AuthenticatorData.FLAG.UP, AuthenticatorData.FLAG.UV


class SoftAuthenticator:
    """One passkey. What it is told by keyword goes into the answer as it is: another origin, a lower count."""

    def __init__(self, origin: str = "http://localhost:8000", rp_id: str = "localhost") -> None:
        self.origin, self.rp_id = origin, rp_id
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.user_handle = ""
        self.count = 0

    def create(self, asked: dict, *, flags=PRESENT | VERIFIED, **lies) -> str:
        self.user_handle = asked["publicKey"]["user"]["id"]
        self.count += 1
        public = ES256.from_cryptography_key(self.key.public_key())
        credential = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        data = self._data(flags | AuthenticatorData.FLAG.AT, credential, **lies)
        client = self._client("webauthn.create", asked, **lies)
        attestation = AttestationObject.create("none", data, {})
        return self._answer(clientDataJSON=client, attestationObject=bytes(attestation))

    def get(self, asked: dict, *, flags=PRESENT | VERIFIED, user_handle=None, **lies) -> str:
        self.count += 1
        data = self._data(flags, b"", **lies)
        client = self._client("webauthn.get", asked, **lies)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        answer = json.loads(self._answer(clientDataJSON=client, authenticatorData=bytes(data), signature=signature))
        answer["response"]["userHandle"] = self.user_handle if user_handle is None else user_handle
        return json.dumps(answer)

    def _data(self, flags, credential, *, rp_id=None, count=None, **_lies) -> AuthenticatorData:
        name = hashlib.sha256((rp_id or self.rp_id).encode()).digest()
        return AuthenticatorData.create(name, flags, self.count if count is None else count, credential)

    def _client(self, kind, asked, *, origin=None, challenge=None, more=None, **_lies) -> bytes:
        told = {
            "type": kind,
            "challenge": challenge or asked["publicKey"]["challenge"],
            "origin": origin or self.origin,
            "crossOrigin": False,
        }
        return json.dumps(told | (more or {})).encode()

    def _answer(self, **response: bytes) -> str:
        return json.dumps(
            {
                "id": websafe_encode(self.id),
                "rawId": websafe_encode(self.id),
                "type": "public-key",
                "response": {name: websafe_encode(value) for name, value in response.items()},
                "clientExtensionResults": {"credProps": {"rk": True}},
            }
        )
