#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;

/// No variables at all: those of whoever runs the tests may speak of a server.
fn none() -> HashMap<String, String> {
    HashMap::new()
}

fn configured(text: &str) -> (tempfile::TempDir, Configured) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("temporal.toml");
    std::fs::write(&file, text).unwrap();
    let configured = Configured {
        config_file: Some(file),
        ..Configured::default()
    };
    (dir, configured)
}

#[test]
fn what_is_said_beats_the_environment_which_beats_the_profile() {
    let (_dir, said) = configured(
        "[profile.default]\naddress = \"there:1\"\nnamespace = \"theirs\"\napi_key = \"key\"",
    );
    let endpoint = said.resolve(Some(&none())).unwrap();
    assert_eq!(endpoint.options.target.as_str(), "https://there:1/");
    assert_eq!(endpoint.options.api_key.as_deref(), Some("key"));
    assert_eq!(endpoint.namespace, "theirs");
    let variables: HashMap<String, String> = [
        ("TEMPORAL_ADDRESS", "near:2"),
        ("TEMPORAL_NAMESPACE", "ours"),
        ("TEMPORAL_GRPC_META_SOME_KEY", "some value"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let endpoint = said.resolve(Some(&variables)).unwrap();
    assert_eq!(endpoint.options.target.as_str(), "https://near:2/");
    assert_eq!(endpoint.namespace, "ours");
    let headers = endpoint.options.headers.unwrap();
    assert_eq!(headers["some-key"], "some value");
    let said = Configured {
        address: Some("here:3".to_owned()),
        namespace: Some("mine".to_owned()),
        ..said
    };
    let endpoint = said.resolve(Some(&variables)).unwrap();
    assert_eq!(endpoint.options.target.as_str(), "https://here:3/");
    assert_eq!(endpoint.namespace, "mine");
}

#[test]
fn a_configuration_that_is_none_names_the_file_and_what_is_wrong() {
    for (text, profile, part) in [
        ("[profile.default", None, "line 1"),
        ("[profile.default]\nadress = \"x\"", None, "adress"),
        ("[profile.here]", Some("there"), "there are here"),
        (
            "[profile.default.tls]\nclient_cert_path = \"/no/such\"\nclient_key_path = \"/no\"",
            None,
            "client certificate /no/such",
        ),
        (
            "[profile.default.tls]\nclient_cert_data = \"x\"",
            None,
            "together",
        ),
        (
            "[profile.default.tls]\nserver_ca_cert_data = \"x\"",
            None,
            "server CA",
        ),
        (
            "[profile.default.tls]\ndisable_host_verification = true",
            None,
            "disable_host_verification",
        ),
        (
            "[profile.default.codec]\nendpoint = \"http://codec\"",
            None,
            "codec",
        ),
    ] {
        let (_dir, said) = configured(text);
        let said = Configured {
            profile: profile.map(str::to_owned),
            ..said
        };
        let error = said.resolve(Some(&none())).unwrap_err();
        assert!(matches!(error, ConnectError::Configuration { .. }));
        let message = error.to_string();
        assert!(message.contains("temporal.toml"), "{text}: {message}");
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn a_key_is_never_sent_in_the_clear() {
    let (_dir, said) =
        configured("[profile.default]\naddress = \"http://there:1\"\napi_key = \"key\"");
    let error = said.resolve(Some(&none())).unwrap_err();
    assert!(matches!(error, ConnectError::Address { .. }), "{error}");
    let (_dir, said) = configured("[profile.default]\naddress = \"https://there:1\"");
    assert!(
        said.resolve(Some(&none()))
            .unwrap()
            .options
            .tls_options
            .is_some()
    );
}
