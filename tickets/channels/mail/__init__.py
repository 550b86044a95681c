"""Understanding e-mail: bytes in, values out; no Django, no clock, no network.

`parsing` reads a message from the parts below: `structure` finds the parts, `headers`, `words`,
`addresses` and `charsets` read what they say, `contents` and `bodies` make text and files of them,
`automatic` and `bounces` tell robots from people, `replies` finds the new words.
"""
