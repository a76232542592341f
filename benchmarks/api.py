"""POST add-points over HTTP, beside pgbench on the same function and beside a bare view with the same SQL."""

from __future__ import annotations

import os

from django.db import connection
from django.utils import timezone

from benchmarks._points import MEMBERS, make_shop, pgbench_script
from benchmarks.harness import compare, pgbench, serving, wrk
from core.actor import SYSTEM
from workspace.actions.api_keys import create_client

CONNECTIONS = 8
BULK = 100
PORTS = (8820, 8821)

HEAD = """
local run = os.time() .. "-" .. math.floor(os.clock() * 1e6) .. "-" .. tostring({{}}):sub(8)
local n = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-API-Key"] = "{key}"
local function sale()
  n = n + 1
  return string.format('"business_id":"{business}","customer_phone_number":"+4477009%05d","amount_spent":"12.40"',
    math.random(0, {members} - 1))
end
"""
SINGLE = (
    HEAD
    + """
request = function()
  local body = "{{" .. sale() .. "}}"
  wrk.headers["Idempotency-Key"] = run .. "-" .. n
  return wrk.format(nil, nil, nil, body)
end
"""
)
BATCH = (
    HEAD
    + """
request = function()
  local parts = {{}}
  for i = 1, {bulk} do
    parts[i] = '{{"type":"add-points",' .. sale() .. ',"idempotency_key":"' .. run .. "-" .. n .. '"}}'
  end
  return wrk.format(nil, nil, nil, '{{"operations":[' .. table.concat(parts, ",") .. ']}}')
end
"""
)


def main() -> None:
    # The limit of requests per key is what a shop needs, not what a benchmark sends.
    os.environ["API_LIMIT_KEY"] = "10000000/60"
    programme, business = make_shop()
    key = create_client(name="Bench", scopes=("write",), business=None, actor=SYSTEM, now=timezone.now()).secret
    connection.close()
    names = {"key": key, "business": business.code, "members": MEMBERS, "bulk": BULK}
    host = "bench.localhost"
    script = pgbench_script(business, programme)

    def database() -> float:
        return pgbench(script, clients=CONNECTIONS, seconds=3, schema=programme.schema_name)

    with serving(PORTS[0]) as product, serving(PORTS[1], application="benchmarks._bare:application") as bare:

        def web(base: str, act: str, lua: str) -> float:
            url = f"{base}/api/v1/transactions/{act}"
            return wrk(url, script=lua.format(**names), connections=CONNECTIONS, seconds=3, host=host)

        def single() -> float:
            return web(product, "add-points", SINGLE)

        unit = "operations/s"
        compare("api.add_points_vs_pgbench", value=single, baseline=database, unit=unit, at_least=0.25)
        compare(
            "api.add_points_vs_bare_view",
            value=single,
            baseline=lambda: web(bare, "add-points", SINGLE),
            unit=unit,
            at_least=0.6,
        )
        compare(
            "api.batch_100_vs_pgbench",
            value=lambda: BULK * web(product, "batch", BATCH),
            baseline=database,
            unit=unit,
            at_least=2,
        )
