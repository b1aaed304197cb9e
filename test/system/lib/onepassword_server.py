# SPDX-License-Identifier: Apache-2.0
"""1Password's Connect server and its op command, as much of them as reading items takes.

Written from the public documentation alone, which each part names; neither was ever compared with
1Password's own. The pages:

    CONNECT  https://developer.1password.com/docs/connect/api-reference
    MODEL    https://www.1password.dev/connect/api-reference.md (the object models)
    OP       https://developer.1password.com/docs/cli/reference
    ITEM     https://developer.1password.com/docs/cli/item-template-json ("formatted similarly to
             the JSON output for op item get")
    SERVICE  https://developer.1password.com/docs/service-accounts/use-with-1password-cli
"""

import json
import secrets
import string

from https_server import Server

CREATED = "2021-04-10T12:35:06Z"
SECONDS = 1618058106
ID = string.ascii_lowercase + string.digits


def new_id():
    """MODEL: ids are 26 letters and digits."""
    return "".join(secrets.choice(ID) for _ in range(26))


class Account:
    """What both show: vaults with items, as Connect has them."""

    def __init__(self):
        self.vaults, self.items = [], {}

    def add_vault(self, name):
        self.vaults.append({"id": new_id(), "name": name, "attributeVersion": 1,
                            "contentVersion": 72, "type": "USER_CREATED",
                            "createdAt": CREATED, "updatedAt": CREATED})
        self.items[self.vaults[-1]["id"]] = []
        return self.vaults[-1]["id"]

    def add(self, vault, title, *fields, sections=(), category="LOGIN"):
        """MODEL "Item object", "Item: Field object", "Item: Section object"."""
        item = {"id": new_id(), "title": title, "vault": {"id": vault}, "category": category,
                "version": 2, "createdAt": CREATED, "updatedAt": CREATED,
                "sections": list(sections), "fields": list(fields)}
        self.items[vault].append(item)
        return item["id"]


def field(label, value=None, purpose=None, kind="STRING", section=None, name=None):
    """A field without a value has no "value" (MODEL)."""
    made = {"id": name or new_id(), "type": kind, "label": label}
    for key, given in (("purpose", purpose), ("value", value),
                       ("section", {"id": section} if section else None)):
        if given is not None:
            made[key] = given
    return made


def login(user, password):
    """The fields that every login has (ITEM)."""
    return (field("username", user, "USERNAME", name="username"),
            field("password", password, "PASSWORD", "CONCEALED", name="password"),
            field("notesPlain", None, "NOTES", name="notesPlain"))


class ConnectServer(Server):
    def __init__(self, *arguments, account, token="connect-token", **options):
        self.account, self.token = account, token
        super().__init__(*arguments, **options)

    def answer(self, request):
        # CONNECT "Request headers": Authorization: Bearer <access_token>; 401 else.
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return refusal(401, "Invalid token signature")
        match request.path.strip("/").split("/"):
            case ["v1", "vaults"]:  # CONNECT "List vaults"
                return 200, self.account.vaults
            case ["v1", "vaults", vault, "items"] if vault in self.account.items:
                # CONNECT "List items": "Item objects that don't include sections and fields"
                return 200, [summary(item) for item in self.account.items[vault]]
            case ["v1", "vaults", vault, "items", wanted] if vault in self.account.items:
                for item in self.account.items[vault]:  # CONNECT "Get item details"
                    if isinstance(item, dict) and item["id"] == wanted:
                        return 200, item
                return refusal(404, f"Item {wanted} not found")
        return refusal(404, "Vault not found")


def summary(item):
    if not isinstance(item, dict):
        return item  # of a server that means no good
    return {k: v for k, v in item.items() if k not in ("sections", "fields")}


def refusal(status, message):
    """CONNECT: an error has its status and a message."""
    return status, {"status": status, "message": message}


# OP: "op vault list", "op item list", "op item get", with --vault and --format json. Times are
# created_at, a field has its section's label (ITEM). SERVICE: the token is in the environment.
OP = '''#!/usr/bin/python3
import json, os, pathlib, sys
here = pathlib.Path(__file__).resolve().parent
with open(here / "calls", "a") as calls:
    print(json.dumps([sys.argv[1:], sorted(k for k in os.environ if k.startswith("OP_"))]),
          file=calls)
mode = (here / "mode").read_text()
if mode == "hang":
    open(here / "hanging", "w").write(str(os.getpid()))
    sys.stdin.read()
    import signal
    signal.pause()
if mode == "flood":
    while True:
        sys.stdout.write("x" * 65536)
if mode == "garbage":
    print("no JSON")
    sys.exit()
if os.environ.get("OP_SERVICE_ACCOUNT_TOKEN") != "ops_token":
    print("[ERROR] 2024/01/01 00:00:00 no account found for filter", file=sys.stderr)
    sys.exit(1)
account = json.loads((here / "account").read_text())
match sys.argv[1:]:
    case ["vault", "list", "--format", "json"]:
        print(json.dumps(account["vaults"]))
    case ["item", "list", "--vault", vault, "--format", "json"]:
        print(json.dumps([{k: v for k, v in i.items() if k not in ("fields", "sections")}
                          for i in account["items"][vault]]))
    case ["item", "get", item, "--vault", vault, "--format", "json"]:
        print(json.dumps([i for i in account["items"][vault] if i["id"] == item][0]))
    case words:
        print(f"[ERROR] unknown command {words}", file=sys.stderr)
        sys.exit(1)
'''


class Op:
    """A fake op; what it was called with is in calls()."""

    def __init__(self, folder, account):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "op"
        self.file.write_text(OP)
        self.file.chmod(0o755)
        self.mode("")
        (folder / "account").write_text(json.dumps({
            "vaults": [{"id": v["id"], "name": v["name"], "content_version": 72}
                       for v in account.vaults],
            "items": {v: [self._item(i) for i in items] for v, items in account.items.items()}}))

    def mode(self, word):
        (self.folder / "mode").write_text(word)

    def _item(self, item):
        labels = {s["id"]: s for s in item["sections"]}
        fields = [{**f, "section": labels[f["section"]["id"]]} if "section" in f else f
                  for f in item["fields"]]
        return {**{k: v for k, v in item.items() if k not in ("createdAt", "updatedAt")},
                "created_at": CREATED, "updated_at": CREATED, "fields": fields}

    def calls(self):
        """[(words, names of variables for op)]"""
        return [tuple(json.loads(line)) for line in
                (self.folder / "calls").read_text().splitlines()]
