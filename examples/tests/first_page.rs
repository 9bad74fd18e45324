//! The first examples of the README and of the facade's documentation, as somebody would try them: pasted into a new
//! project with the lines of `Cargo.toml` that stand above them, built, and run over https.
//!
//! Two things are not as on the page. `api.example.com` is a server on this machine, whose certificate the program
//! trusts by `SSL_CERT_FILE`; and `tower-auth` is the one in this repository.

#![cfg(unix)]

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};

/// Where the examples send their requests.
const ORIGIN: &str = "https://api.example.com";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The code blocks of a page in this language, without the lines that rustdoc hides.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let page = fs::read_to_string(root().join(page)).unwrap();
    let mut blocks = page.split("\n```").filter_map(|block| {
        let (tag, text) = block.split_once('\n')?;
        let is_it = tag.split(',').next() == Some(language);
        is_it.then_some(text)
    });
    let shown = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with("# "));
        lines.map(|line| format!("{line}\n")).collect()
    };
    blocks.by_ref().take(2).map(shown).collect()
}

/// The manifest and the program of each example.
fn examples(page: &str) -> Vec<(String, String)> {
    let manifests = blocks(page, "toml").into_iter();
    let examples: Vec<_> = manifests.zip(blocks(page, "rust")).collect();
    assert_eq!(examples.len(), 2, "{page}");
    examples
}

#[test]
fn the_readme_the_facade_and_its_readme_begin_with_the_same_examples() {
    let readme = examples("README.md");
    assert_eq!(readme, examples("crates/tower-auth/docs/first.md"));
    assert_eq!(readme, examples("crates/tower-auth/README.md"));
    let docs = fs::read_to_string(root().join("crates/tower-auth/src/lib.rs")).unwrap();
    assert!(docs.contains(r#"#![doc = include_str!("../docs/first.md")]"#));
}

/// A server that answers 200 to everything over TLS, and keeps the heads of the requests. With the certificate of the
/// authority that vouches for it.
async fn server() -> (u16, String, Arc<Mutex<Vec<String>>>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let log = heads.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let more = stream.read_buf(&mut head).await.unwrap();
                assert!(more > 0, "a whole request comes");
            }
            log.lock().unwrap().push(String::from_utf8(head).unwrap());
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (port, authority.pem(), heads)
}

/// A new project of what was pasted.
fn project(folder: &Path, manifest: &str, program: &str) {
    let facade = root().join("crates/tower-auth").canonicalize().unwrap();
    let head = "[package]\nname = \"pasted\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n";
    let patch =
        format!("\n[patch.crates-io]\ntower-auth = {{ path = {facade:?} }}\n\n[workspace]\n");
    fs::create_dir(folder.join("src")).unwrap();
    fs::write(
        folder.join("Cargo.toml"),
        format!("{head}{manifest}{patch}"),
    )
    .unwrap();
    fs::write(folder.join("src/main.rs"), program).unwrap();
    // The versions that everything else here is tested with.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

/// Builds it where the workspace is built, so that little has to be built anew. Without the network where that will do.
async fn built(folder: &Path) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut said = String::new();
    for network in [&["--offline"][..], &[]] {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--quiet", "--target-dir"]).arg(target);
        let output = cargo
            .args(network)
            .current_dir(folder)
            .output()
            .await
            .unwrap();
        if output.status.success() {
            // The next one has the same name.
            let program = folder.join("pasted");
            fs::copy(target.join("debug/pasted"), &program).unwrap();
            return program;
        }
        said += &String::from_utf8_lossy(&output.stderr);
    }
    panic!("{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_examples_paste_and_run_over_https() {
    let (port, authority, heads) = server().await;
    for (manifest, program) in examples("README.md") {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(program.matches(ORIGIN).count(), 2);
        let program = program.replace(ORIGIN, &format!("https://localhost:{port}"));
        project(folder.path(), &manifest, &program);
        let pem = folder.path().join("authority.pem");
        fs::write(&pem, &authority).unwrap();

        let mut run = Command::new(built(folder.path()).await);
        run.env("SSL_CERT_FILE", pem).env_remove("SSL_CERT_DIR");
        for proxy in ["http_proxy", "https_proxy", "all_proxy"] {
            run.env_remove(proxy).env_remove(proxy.to_uppercase());
        }
        let output = run.output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "200 OK\n");
        let head = heads.lock().unwrap().pop().unwrap().to_ascii_lowercase();
        for line in [
            "get /hello http/1.1",
            "authorization: basic dxnlcjpwyxnzd29yza==",
            "x-api-key: key",
        ] {
            assert!(head.lines().any(|sent| sent == line), "{line}: {head}");
        }
    }
}
