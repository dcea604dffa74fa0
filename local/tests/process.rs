//! The program as a user starts it.

use std::{
    io::{BufRead, BufReader, Lines, Read},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use photovote::data_dir::temporary;

fn photovote(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_photovote"));
    command.arg("--data-dir").arg(data).env_remove("RUST_LOG");
    command
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// A failure's one line.
fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let complaint = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    assert!(complaint.starts_with("photovote: "), "{complaint}");
    complaint
}

/// A server that runs. It does not outlive its test.
struct Server(Child, Option<Lines<BufReader<ChildStdout>>>);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A server that runs, once it has said so; and what it said.
fn serve(command: &mut Command) -> (Server, String) {
    let server = command.args(["--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut server = Server(server.unwrap(), None);
    let mut said = String::new();
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines();
    while !said.contains("token") {
        said.push_str(&lines.next().expect("the server ended").unwrap());
        said.push('\n');
    }
    // It may have more to say, and must find a listener.
    server.1 = Some(lines);
    (server, said)
}

/// Sends the signal; the exit code, and what stood on stderr.
fn signal(mut server: Server, name: &str) -> (Option<i32>, String) {
    assert!(Command::new("kill").args([name, &server.0.id().to_string()]).status().unwrap().success());
    let code = server.0.wait().unwrap().code();
    let mut complaint = String::new();
    server.0.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    (code, complaint)
}

#[test]
fn token_prints_a_token_and_nothing_else() {
    let home = temporary().unwrap();
    let (server, _) = serve(&mut photovote(home.path()));
    assert_eq!(signal(server, "-TERM").0, Some(0));
    for _ in 0..2 {
        let output = run(photovote(home.path()).args(["token", "--subject", "ada"]));
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        let token = String::from_utf8(output.stdout).unwrap();
        assert_eq!(token.lines().count(), 1);
        assert_eq!(token.trim_end().split('.').count(), 3);
    }
}

#[test]
fn it_says_where_it_is_and_stops_when_it_is_asked() {
    let home = temporary().unwrap();
    for name in ["-INT", "-TERM"] {
        let (server, said) = serve(&mut photovote(home.path()));
        assert!(said.contains("http://127.0.0.1:"), "{said}");
        assert!(said.contains(&*home.path().canonicalize().unwrap().to_string_lossy()), "{said}");
        assert_eq!(signal(server, name), (Some(0), String::new()));
    }
}

#[test]
fn a_server_prints_no_token_into_a_pipe_or_a_file() {
    let home = temporary().unwrap();
    let (_server, said) = serve(&mut photovote(home.path()));
    let data = home.path().canonicalize().unwrap();
    // A JWT begins with `{"` in base64.
    assert!(!said.contains("eyJ"), "{said}");
    assert!(said.contains(&format!("`photovote token --data-dir '{}'`", data.display())), "{said}");
}

#[test]
fn it_warns_when_the_world_can_reach_it() {
    let home = temporary().unwrap();
    let (server, _) = serve(photovote(home.path()).args(["--host", "0.0.0.0"]));
    let (code, complaint) = signal(server, "-TERM");
    assert_eq!(code, Some(0));
    assert!(complaint.contains("0.0.0.0 can be reached from other machines"), "{complaint}");
}

#[test]
fn a_second_server_is_refused_in_one_sentence() {
    let home = temporary().unwrap();
    let (server, _) = serve(&mut photovote(home.path()));
    let refused = run(photovote(home.path()).args(["serve", "--port", "0"]));
    assert!(complaint(&refused).contains("another photovote is using "));
    assert_eq!(signal(server, "-TERM").0, Some(0));
}

#[test]
fn a_port_in_use_is_said_in_one_sentence() {
    let home = temporary().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = run(photovote(home.path()).args(["--port", &port]));
    assert!(complaint(&refused).contains(&format!("port {port} of 127.0.0.1 is in use")));
}

#[test]
fn data_that_cannot_be_used_is_said_in_one_sentence() {
    let home = temporary().unwrap();
    let file = home.path().join("photovote.db");
    std::fs::write(&file, "not a database, and long enough to be looked at as one").unwrap();
    assert!(complaint(&run(photovote(home.path()).args(["--port", "0"]))).contains("is damaged"));
    assert!(complaint(&run(photovote(&file).args(["--port", "0"]))).contains("cannot be made"));
    assert!(complaint(&run(photovote(&file).arg("token"))).contains("cannot be made"));
}

#[test]
fn every_command_refuses_an_exposed_directory() {
    let home = temporary().unwrap();
    serve(&mut photovote(home.path()));
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(home.path(), open).unwrap();
    let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let file = home.path().join("export");
    let file = file.to_str().unwrap();
    for arguments in [
        &["serve", "--port", "0"][..],
        &["token"],
        &["status"],
        &["export", file],
        &["personal-data", "--election", id],
        &["rebuild"],
    ] {
        let refused = run(photovote(home.path()).args(arguments));
        assert!(complaint(&refused).contains("chmod 700 "), "{arguments:?}");
        if arguments[0] != "serve" {
            let insisted = run(photovote(home.path()).args(arguments).arg("--insecure-data-dir"));
            assert!(!String::from_utf8_lossy(&insisted.stderr).contains("chmod"), "{arguments:?}: {insisted:?}");
        }
    }
    let (server, _) = serve(photovote(home.path()).arg("--insecure-data-dir"));
    assert_eq!(signal(server, "-TERM").0, Some(0));
}

#[test]
fn an_invalid_command_line_exits_with_code_two() {
    let home = temporary().unwrap();
    assert_eq!(run(photovote(home.path()).arg("vote")).status.code(), Some(2));
}
