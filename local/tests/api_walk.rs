//! Runs the walk through an election in docs/api.md line by line, and the audit script that it ends with.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use photovote::data_dir::temporary;

/// Where the server of the walk listens.
const URL: &str = "http://127.0.0.1:3000";
/// How the walk gets a token.
const TOKEN: &str = "cargo run -q -- token";

/// Takes the trail of the walk, changes each text in it by one character and each truth to the contrary, and expects every
/// change to be found: by the chains, by the number of casts, or by the trail's digest. Changes a bit of the photograph's files
/// and expects that to be found as well.
const TAMPER: &str = r#"
import copy, io, json, os, sys, urllib.request
sys.path.insert(0, "examples")
import verify_audit

def texts(value, path=()):
    if isinstance(value, (str, bool)):
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from texts(inner, (*path, key))

def judged(trail):
    heads = verify_audit.check_trail(os.environ["ELECTION"], trail)
    return verify_audit.digest_of_trail(heads), verify_audit.check_casts(trail)

trail = list(verify_audit.fetch_trail(os.environ["API"], os.environ["ELECTION"]))
whole = judged(trail)
unnoticed = []
for path in texts(trail):
    changed = copy.deepcopy(trail)
    *way, last = path
    place = changed
    for key in way:
        place = place[key]
    text = place[last]
    place[last] = not text if isinstance(text, bool) else text[:-1] + ("1" if text.endswith("0") else "0")
    try:
        if judged(changed) == whole:
            unnoticed.append(path)
    except verify_audit.Wrong:
        pass

served = urllib.request.urlopen
def with_another_bit(url, timeout):
    file = served(url, timeout=timeout).read()
    return io.BytesIO(file[:-1] + bytes([file[-1] ^ 1]))

urllib.request.urlopen = with_another_bit
for picture in verify_audit.pictures(trail):
    try:
        verify_audit.check_picture(os.environ["API"], os.environ["ELECTION"], *picture)
        unnoticed.append(picture)
    except verify_audit.Wrong:
        pass
print(json.dumps({"unnoticed": unnoticed}))
"#;

/// The local server, which does not outlive its test, and what it says: it would end if nobody listened.
struct Server {
    child: Child,
    _said: BufReader<ChildStdout>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A server on a free port, and where it listens.
fn serve(data: &Path) -> (Server, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_photovote"));
    command.arg("--data-dir").arg(data).args(["--port", "0"]).env_remove("RUST_LOG");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let address = stdout.by_ref().lines().map(Result::unwrap).find_map(|line| {
        let (_, address) = line.split_once("API ")?;
        address.trim().split_once("/v1").map(|(url, _)| url.to_owned())
    });
    (Server { child, _said: stdout }, address.expect("the server says where it listens"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The commands of the walk.
fn walk() -> String {
    let page = fs::read_to_string(root().join("docs/api.md")).unwrap();
    let (_, section) = page.split_once("\n## An election with curl\n").expect("the walk has its heading");
    let (section, _) = section.split_once("\n## ").expect("something follows the walk");
    let blocks = section.split("\n```sh\n").skip(1).map(|block| block.split_once("```").expect("a block ends").0);
    blocks.collect()
}

/// What the walk needs and this machine lacks.
fn missing() -> Option<&'static str> {
    let runs = |program: &str| Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
    ["bash", "curl", "python3"].into_iter().find(|program| !runs(program))
}

/// Runs a script as a careful person would: the first failure ends it.
fn run(script: &str) -> Output {
    let mut bash = Command::new("bash");
    bash.args(["-eu", "-o", "pipefail", "-c", script]).current_dir(root());
    // Nothing is left in the source, and nobody's proxy is asked.
    bash.env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "*").env("no_proxy", "*").output().unwrap()
}

#[test]
fn the_walk_through_an_election_works_as_it_stands() {
    if let Some(program) = missing() {
        println!("skipped: {program} is not installed");
        return;
    }
    let home = temporary().unwrap();
    let (_server, url) = serve(home.path());
    let walk = walk();
    assert!(walk.contains(URL) && walk.contains(TOKEN), "{walk}");
    let token = format!("'{}' --data-dir '{}' token", env!("CARGO_BIN_EXE_photovote"), home.path().display());
    let walk = walk.replace(URL, &url).replace(TOKEN, &token);
    let script = format!("{walk}\nAPI=$API ELECTION=$ELECTION TOKEN=$TOKEN python3 -c '{TAMPER}'");

    let output = run(&script);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let expected = [
        // The ballot before the first rating.
        "\"ratings\": {}",
        // The cast, and the same cast again.
        "\"receipt\":\"0-",
        // The table of results, then the results as JSON.
        ",Moon,ranked,1,false,1,5,5.0000,",
        ",Cat,ranked,2,false,1,3,3.0000,",
        "\"status\": \"final\"",
        "{\"registered\":1,\"cast\":1}",
        // Released.
        "\"status\":\"released\"",
        "\"status\":\"final\"",
        "\"counted\":true}",
        // The audit, and that it finds whatever was changed.
        "Uploaded photographs: 1, in 4 files; ",
        "Ballots cast: 1; counted: 1.",
        "\nOK\n",
        "{\"unnoticed\": []}",
    ];
    let mut rest = &*said;
    for text in expected {
        let (_, after) =
            rest.split_once(text).unwrap_or_else(|| panic!("{text:?} is missing, or too early, in\n{said}"));
        rest = after;
    }
    assert_eq!(rest, "\n", "nothing follows");
}
