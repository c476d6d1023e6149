//! Mistakes in the good file, one at a time.

/// A text of the good file, and what stands there instead; the line, the key and (part of) the reason that are told.
pub(super) type Mistake = (&'static str, &'static str, usize, &'static str, &'static str);

pub(super) const MISTAKES: [&[Mistake]; 4] = [SERVERS, TOOLS, ARGUMENTS, CALLS_AND_LIMITS];

/// Tables of servers.
const SERVERS: &[Mistake] = &[
    ("[tools.\"crm.lookup\"]", "[tools.crm.lookup]", 9, "tools.crm", "write `[tools.\"crm.lookup\"]`"),
    ("[limits]", "[limit]\n[limits]", 30, "limit", "did you mean `limits`?"),
    ("url = \"https://crm.example.com/mcp\"\n", "", 2, "servers.crm.url", "is missing"),
    ("https://crm.example.com/mcp", "http://crm.example.com/mcp", 3, "servers.crm.url", "must begin with `https://`"),
    (
        "https://crm.example.com/mcp",
        "http://localhost.evil.com/mcp",
        3,
        "servers.crm.url",
        "must begin with `https://`",
    ),
    ("https://crm.example.com/mcp", "ftp://localhost/mcp", 3, "servers.crm.url", "must begin with `https://`"),
    ("https://crm.example.com/mcp", "https://me:pw@crm.example.com/", 3, "servers.crm.url", "user name or a password"),
    ("https://crm.example.com/mcp", "https://crm.example.com/#a", 3, "servers.crm.url", "fragment"),
    ("https://crm.example.com/mcp", "crm", 3, "servers.crm.url", "relative URL"),
    ("https://login.example.com", "login.example.com", 4, "servers.crm.issuer", "is not a URL"),
    (
        "https://login.example.com",
        "https://login.example.com?a=b",
        4,
        "servers.crm.issuer",
        "neither query nor fragment",
    ),
    ("https://login.example.com", "http://login.example.com", 4, "servers.crm.issuer", "must begin with `https://`"),
    ("https://login.example.com", "https://login.example.com ", 4, "servers.crm.issuer", "letter by letter"),
    ("client_id = \"support-agent\"", "client_id = 5", 5, "servers.crm.client_id", "must be a text, not this number"),
    ("client_id = \"support-agent\"", "client_id = \" \"", 5, "servers.crm.client_id", "is empty"),
    ("CRM_CLIENT_SECRET", "NOT_SET", 6, "servers.crm.client_secret_env", "`NOT_SET` is not set"),
    (
        "client_secret_env = \"CRM_CLIENT_SECRET\"",
        "client_secret_file = \"no/such/file\"",
        6,
        "servers.crm.client_secret_file",
        "cannot be read",
    ),
    (
        "client_secret_env = \"CRM_CLIENT_SECRET\"\n",
        "",
        2,
        "servers.crm.client_secret_env",
        "is missing: name the environment variable",
    ),
    ("client_auth = \"post\"", "client_secret_file = \"x\"", 7, "servers.crm.client_secret_file", "set only one of"),
    (
        "client_secret_env = \"CRM",
        "client_secret = \"CRM",
        6,
        "servers.crm.client_secret",
        "must not stand in this file",
    ),
    ("\"post\"", "\"never\"", 7, "servers.crm.client_auth", "must be one of `basic`, `post`"),
    ("client_auth", "verify_tls = false\nclient_auth", 7, "servers.crm.verify_tls", "is not known; use one of `url`"),
    ("client_auth", "ca_bundle = \"no.pem\"\nclient_auth", 7, "servers.crm.ca_bundle", "there is no file `no.pem`"),
    ("client_auth", "spki_pins = [\"sha256/x\"]\nclient_auth", 7, "servers.crm.spki_pins", "`sha256/x` is not a pin"),
];

/// Names, scopes, effects and counts of tools.
const TOOLS: &[Mistake] = &[
    ("[servers.crm]", "[servers.\"c.m\"]\n[servers.crm]", 2, "servers.\"c.m\"", "is not a tool or server name"),
    ("crm.lookup", "crn.lookup", 9, "tools.\"crn.lookup\"", "there is no server `crn`"),
    ("crm.lookup", "crm.look up", 9, "tools.\"crm.look up\"", "is not a tool or server name"),
    ("scopes = [\"customer:read\"]\n", "", 9, "tools.\"crm.lookup\".scopes", "or `[]` where it needs none"),
    ("[\"customer:read\"]", "[\"customer read\"]", 10, "tools.\"crm.lookup\".scopes", "is not a scope"),
    ("[\"customer:read\"]", "\"customer:read\"", 10, "tools.\"crm.lookup\".scopes", "must be a list of texts"),
    ("effect = \"external\"\n", "", 26, "tools.add.effect", "is missing: say `read`"),
    ("\"external\"", "\"none\"", 28, "tools.add.effect", "must be one of `read`, `write`, `external`"),
    (
        "scopes = []\neffect = \"external\"",
        "scopes = [\"a\"]\neffect = \"external\"",
        27,
        "tools.add.scopes",
        "a function has no token",
    ),
    ("argument = \"id\"", "argument = \"idd\"", 12, "tools.\"crm.lookup\".distinct", "`idd` has no entry"),
    ("max = 2 }", "max = 0 }", 12, "tools.\"crm.lookup\".distinct.max", "whole number from 1"),
    (", max = 2 }", " }", 12, "tools.\"crm.lookup\".distinct.max", "is missing"),
    ("max = 2 }", "max = 2, per = 1 }", 12, "tools.\"crm.lookup\".distinct.per", "is not known"),
];

/// Rules of arguments.
const ARGUMENTS: &[Mistake] = &[
    ("{5,10}$", "{5,10$(", 13, "tools.\"crm.lookup\".arguments.id.pattern", "is not a regular expression"),
    ("^[A-Z0-9]{5,10}$", "a)|(b", 13, "tools.\"crm.lookup\".arguments.id.pattern", "is not a regular expression"),
    ("crm.recent:id", "crm.recents", 13, "tools.\"crm.lookup\".arguments.id.from", "there is no tool `crm.recents`"),
    ("crm.recent:id", "crm.recent:", 13, "tools.\"crm.lookup\".arguments.id.from", "names no field"),
    ("crm.recent:id", "input:", 13, "tools.\"crm.lookup\".arguments.id.from", "names no field"),
    ("crm.recent:id", "registry:ids", 13, "tools.\"crm.lookup\".arguments.id.from", "there is no list `ids`"),
    ("crm.recent:id", "registry", 13, "tools.\"crm.lookup\".arguments.id.from", "there is no list ``"),
    ("[\"input\", \"crm.recent:id\"]", "[]", 13, "tools.\"crm.lookup\".arguments.id.from", "is empty"),
    ("pattern = ", "patern = ", 13, "tools.\"crm.lookup\".arguments.id.patern", "did you mean `pattern`?"),
    ("min = 1,", "min = 6,", 14, "tools.\"crm.lookup\".arguments.page.min", "is larger than `max`"),
    ("min = 1,", "min = nan,", 14, "tools.\"crm.lookup\".arguments.page.min", "must be a finite number"),
    ("enum = [1, 2]", "not_enum = []", 14, "tools.\"crm.lookup\".arguments.page.not_enum", "refuses nothing"),
    ("enum = [1, 2]", "enum = []", 14, "tools.\"crm.lookup\".arguments.page.enum", "is empty"),
    (
        "enum = [1, 2]",
        "enum = [[1]]",
        14,
        "tools.\"crm.lookup\".arguments.page.enum",
        "must be a list of texts, numbers",
    ),
    (
        "enum = [1, 2]",
        "enum = [9007199254740993]",
        14,
        "tools.\"crm.lookup\".arguments.page.enum",
        "write it as a string",
    ),
    ("max_chars = 9", "max_chars = -9", 13, "tools.\"crm.lookup\".arguments.id.max_chars", "whole number from 1"),
];

/// How often tools are called, and what holds for all of them.
const CALLS_AND_LIMITS: &[Mistake] = &[
    ("max_calls = 1", "max_calls = 0", 23, "tools.\"crm.file\".max_calls", "whole number from 1"),
    ("max_calls = 1", "max_call = 1", 23, "tools.\"crm.file\".max_call", "is not known"),
    ("effect = \"external\"", "effect = \"read\"\ndry_run = 1", 29, "tools.add.dry_run", "never a dry run"),
    ("\"T-0\"", "inf", 24, "tools.\"crm.file\".dry_run", "that JSON can hold"),
    ("tool_calls = 6", "tool_calls = \"6\"", 31, "limits.tool_calls", "whole number from 1"),
    ("10/s", "10/h", 32, "limits.rate", "`10/h` is not a rate"),
    ("10/s", "0/s", 32, "limits.rate", "`0/s` is not a rate"),
    ("rate = \"10/s\"\n", "", 32, "limits.burst", "means nothing without `rate`"),
    ("\"live\"", "\"yes\"", 36, "compile.writes", "must be one of `dry_run`, `live`"),
    ("writes", "reads", 36, "compile.reads", "is not known"),
];
