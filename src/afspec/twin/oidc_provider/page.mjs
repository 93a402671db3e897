// The page on which a user says who he is: an identity provider, a name there, and a password. Nothing else is on it.

const escape = (text) =>
  String(text).replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);

const choice = (identityProviders) => {
  if (identityProviders.length === 0) {
    return '';
  }
  const options = identityProviders.map((id) => `<option value="${escape(id)}">${escape(id)}</option>`).join('\n');
  return `<p><label for="idp">Identity provider</label>
<select id="idp" name="idp">
${options}
</select></p>`;
};

export const page = ({ issuer, client, identityProviders, action, message }) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in: ${escape(issuer)}</title>
<style>
body { font-family: sans-serif; max-width: 36rem; margin: 3rem auto; padding: 0 1rem; line-height: 1.5; }
label { display: block; font-weight: bold; }
input, select, button { font: inherit; padding: 0.4rem; width: 100%; box-sizing: border-box; }
.wrong { border-left: 0.3rem solid #a00; padding-left: 0.7rem; }
</style>
</head>
<body>
<h1>${escape(issuer)}</h1>
<p>Played by a twin. <code>${escape(client)}</code> asks who you are.</p>
${message ? `<p class="wrong" role="alert">${escape(message)}</p>` : ''}
<form method="post" action="${escape(action)}" autocomplete="off">
${choice(identityProviders)}
<p><label for="user">User</label><input id="user" name="user" required autofocus></p>
<p><label for="password">Password</label><input id="password" name="password" type="password" required></p>
<p><button type="submit">Sign in</button></p>
</form>
</body>
</html>
`;
