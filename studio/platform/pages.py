"""The few pages that a browser sees: sign-in, device approval, and a word at the end. Everything put into them is
escaped."""

from __future__ import annotations

import html

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The answer to the form redirects to the loopback listener of the app, which form-action has to allow.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self' http://127.0.0.1:*"
    ),
}

_STYLE = """
:root{color-scheme:dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#16181c;color:#e8e6e1;
  font:16px/1.5 system-ui,sans-serif}
main{width:min(24rem,90vw);padding:2rem;background:#1f2228;border-radius:12px}
h1{font-size:1.25rem;margin:0 0 1rem}
label{display:block;margin:1rem 0 .25rem;color:#a9a69f}
input{box-sizing:border-box;width:100%;padding:.6rem;border:1px solid #3a3e46;border-radius:6px;
  background:#16181c;color:inherit;font:inherit}
button{margin-top:1.5rem;width:100%;padding:.7rem;border:0;border-radius:6px;
  background:#e0a458;color:#16181c;font:600 1rem system-ui}
.error{color:#ff9b85}
"""


def page(title: str, body: str) -> str:
    """A whole page; `body` is HTML, `title` is text."""
    safe = html.escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{safe}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{safe}</h1>{body}</main></body></html>"
    )


def sign_in(name: str, *, action: str, hidden: dict[str, str], error: str = "", user_code: str | None = None) -> str:
    """The sign-in form of the service `name`, for the authorisation endpoint and for approving a device."""
    fields = "".join(
        f'<input type="hidden" name="{html.escape(key)}" value="{html.escape(value)}">' for key, value in hidden.items()
    )
    problem = f'<p class="error" role="alert">{html.escape(error)}</p>' if error else ""
    code = ""
    if user_code is not None:
        code = (
            '<label for="user_code">Code shown in the studio</label>'
            f'<input id="user_code" name="user_code" required maxlength="20" value="{html.escape(user_code)}">'
        )
    return page(
        f"Sign in to {name}",
        f'{problem}<form method="post" action="{html.escape(action)}">{fields}{code}'
        '<label for="email">Address</label>'
        '<input id="email" name="email" type="email" autocomplete="username" required maxlength="255">'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required '
        'maxlength="1024">'
        '<button type="submit">Sign in</button></form>',
    )


def message(title: str, text: str) -> str:
    """A page with one sentence."""
    return page(title, f"<p>{html.escape(text)}</p>")
