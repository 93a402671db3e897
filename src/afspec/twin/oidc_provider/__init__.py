"""The program that plays an issuer in a private room, for Node.js: provider.mjs, and page.mjs, its page to sign in.

It is no Python, and lies here because the wheel brings it along; the engine `oidc` puts it into the room.
"""
