"""Real processes killed under load: `test_kills.py` (20 and more kills) and `chaos_kills.py` (hundreds) use it.

`rig` starts `manage.py up` with a directory, a cluster and a port of its own; `writers` keeps an acknowledgement log;
`victims` chooses and kills; `inside` prepares and judges, in a process of the rig's own settings.
"""
