# SPDX-License-Identifier: Apache-2.0
"""As much of HashiCorp Vault's HTTP API as reading secrets takes, for tests.

Written from the public documentation alone, which each part names; it was never compared with a
real Vault or OpenBao. The pages:

    API      https://developer.hashicorp.com/vault/api-docs
    KV       https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
    APPROLE  https://developer.hashicorp.com/vault/api-docs/auth/approle
    TOKEN    https://developer.hashicorp.com/vault/api-docs/auth/token
    HA       https://developer.hashicorp.com/vault/docs/concepts/ha
    DELETED  https://hexdocs.pm/libvault/0.2.1/Vault.Engine.KVV2.html (what a client sees)
"""

import json
import secrets

from https_server import Server

CREATED = "2018-03-22T02:24:06.945319214Z"  # KV "Read Secret Version", the sample's
DELETED = "2018-03-22T02:36:43.986212308Z"


class VaultServer(Server):
    """`root` is a token that may all. put() and so on are what a test does; the rest is HTTP."""

    def __init__(self, *arguments, mount="secret", namespace="", **options):
        self.mount, self.namespace = mount, namespace
        self.secrets, self.roles, self.state = {}, {}, "active"
        self.root = "hvs.root"
        self.tokens = {self.root: None}  # token: the paths it may ask for, None for all
        super().__init__(*arguments, **options)

    # ---- what is in it

    def put(self, path, data, custom=None, deletion_time=""):
        self.secrets.setdefault(path, []).append(
            {"data": data, "custom": custom, "deletion_time": deletion_time, "destroyed": False})

    def delete(self, path):
        self.secrets[path][-1].update(data=None, deletion_time=DELETED)

    def destroy(self, path):
        self.secrets[path][-1].update(data=None, destroyed=True)

    def add_token(self, *paths):
        """A token whose policy allows these paths, "data/app/" all below."""
        token = "hvs." + secrets.token_urlsafe(16)
        self.tokens[token] = paths
        return token

    def add_role(self, role_id, secret_id, *paths):
        self.roles[role_id] = (secret_id, paths or None)

    def revoke(self):
        """All tokens but root's end, as their leases do."""
        self.tokens = {self.root: None}

    # ---- HTTP

    def answer(self, request):
        if self.state == "sealed":  # API "HTTP status codes": 503
            return refusal(503, "Vault is sealed")
        if self.state == "standby":  # API "HTTP status codes": 429 is a standby's, 473 another's
            return refusal(473)
        # API: "All API routes are prefixed with /v1/". What else is there speaks no JSON.
        if not request.path.startswith("/v1/"):
            return 404, None
        # API "The X-Vault-Request header": an agent or proxy may ask for it.
        if request.headers.get("X-Vault-Request") != "true":
            return refusal(412, "missing required header")
        # API "Namespaces": the path is relative to X-Vault-Namespace.
        if request.headers.get("X-Vault-Namespace", "").strip("/") != self.namespace:
            return refusal(403, "permission denied")
        path = request.path.removeprefix("/v1/")
        if path.startswith("auth/") and path.endswith("/login"):
            return self._login(request, path)
        token = request.headers.get("X-Vault-Token")
        # API "HTTP status codes": 403, "your authentication details are incorrect".
        if token not in self.tokens:
            return refusal(403, "permission denied")
        # TOKEN "Lookup a token (self)": GET /auth/token/lookup-self.
        if path == "auth/token/lookup-self":
            return 200, {"data": {"id": token, "ttl": 3600, "renewable": True}}
        allowed = self.tokens[token]
        below = path.removeprefix(self.mount + "/")
        # Where nothing is mounted, who may see everything is told so.
        if below == path and allowed is None:
            return refusal(404, f'no handler for route "{path}". route entry not found.')
        if below == path or allowed is not None and not any(
                below == a or a.endswith("/") and below.startswith(a) for a in allowed):
            return refusal(403, "1 error occurred:\n\t* permission denied\n\n")
        return self._kv(request.method, below)

    def _login(self, request, path):
        """APPROLE "Login with AppRole": POST /auth/approle/login with role_id and secret_id; the
        answer has auth.client_token and auth.lease_duration. A wrong one is a 400 of API "HTTP
        status codes"; the documentation doesn't give its words."""
        body = json.loads(request.body)
        role = self.roles.get(body.get("role_id"))
        if request.method != "POST" or path != "auth/approle/login":
            return refusal(405, "unsupported operation")
        if not role or role[0] != body.get("secret_id"):
            return refusal(400, "invalid role or secret ID")
        token = self.add_token()
        self.tokens[token] = role[1]
        return 200, {"auth": {"renewable": True, "lease_duration": 1200, "metadata": None,
                              "token_policies": ["default"], "accessor": "fd6c9a00",
                              "client_token": token},
                     "warnings": None, "wrap_info": None, "data": None, "lease_duration": 0,
                     "renewable": False, "lease_id": ""}

    def _kv(self, method, path):
        kind, _, path = path.partition("/")
        if method == "GET" and kind == "data":
            return self._read(path)
        if method == "LIST" and kind == "metadata":
            return self._list(path)
        return refusal(405, "unsupported operation")

    def _read(self, path):
        """KV "Read Secret Version": GET /secret/data/:path."""
        versions = self.secrets.get(path)
        if not versions:
            return refusal(404)
        last = versions[-1]
        answer = {"data": {"data": last["data"], "metadata": {
            "created_time": CREATED, "custom_metadata": last["custom"],
            "deletion_time": last["deletion_time"], "destroyed": last["destroyed"],
            "version": len(versions)}}}
        # DELETED: a deleted version is a 404 with data null and its metadata.
        return (200 if last["data"] is not None else 404), answer

    def _list(self, path):
        """KV "List Secrets": LIST /secret/metadata/:path; folders end in a slash, both "foo" and
        "foo/" may be there; nothing in it is a 404 (API "API operations")."""
        prefix = path.strip("/") + "/" if path else ""
        keys = set()
        for name in self.secrets:
            if name.startswith(prefix):
                first, slash, _ = name.removeprefix(prefix).partition("/")
                keys.add(first + slash)
        return (200, {"data": {"keys": sorted(keys)}}) if keys else refusal(404)


def refusal(status, *errors):
    """API "Error response"."""
    return status, {"errors": list(errors)}
