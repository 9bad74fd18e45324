//! `~/.aws` files as the AWS CLI reads them.

use tower_auth_aws::credentials::{
    CredentialsErrorKind, Env, Profile, ProvideCredentials, ProviderContext, region,
};

fn context(home: &std::path::Path, profile: &str, config: &str) -> ProviderContext {
    std::fs::create_dir_all(home.join(".aws")).unwrap();
    std::fs::write(home.join(".aws/config"), config).unwrap();
    let env = Env::from_iter([("HOME", home.to_str().unwrap())]);
    ProviderContext::new().with_env(env).with_profile(profile)
}

async fn check(profile: &str, config: &str) {
    let home = tempfile::tempdir().unwrap();
    let context = context(home.path(), profile, config);
    let key = Profile::new(&context).provide().await.unwrap();
    assert_eq!(key.access_key_id(), "AKIDEXAMPLE", "{config}");
    assert_eq!(key.secret_access_key().expose(), "s", "{config}");
    let region = region(&context).await.unwrap();
    assert_eq!(region.as_deref(), Some("eu-west-3"), "{config}");
}

const KEY: &str = "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s\n";

#[tokio::test]
async fn headers_properties_and_comments_may_be_indented_and_a_colon_is_as_good() {
    check("w", &format!("[profile w]\n    region = eu-west-3\n{KEY}")).await;
    check("w", "[profile w]\n  aws_access_key_id = AKIDEXAMPLE\n  aws_secret_access_key = s\n  region = eu-west-3\n").await;
    check("w", "\u{feff}[profile w]\r\naws_access_key_id: AKIDEXAMPLE\r\naws_secret_access_key : s\r\n\r\nregion: eu-west-3").await;
    check("default", "\t[default]\n\tregion = eu-west-3\n\taws_access_key_id = AKIDEXAMPLE\n\taws_secret_access_key = s\n").await;
    check(
        "default",
        &format!("[default]\n  # mine\n{KEY}  ; yours\nregion = eu-west-3\n"),
    )
    .await;
}

#[tokio::test]
async fn a_mistake_in_one_profile_is_not_one_of_the_others() {
    let sound = format!("[profile w]\n{KEY}region = eu-west-3\n");
    for mistake in [
        "[profile b]\nnothing\n",
        "[profile b\nx = 1\n",
        "[profile b]\n= x\n",
        "x = 1\n",
    ] {
        check("w", &format!("{mistake}{sound}")).await;
        check("w", &format!("{sound}{}", mistake.replace("x = 1\n", ""))).await;
        let home = tempfile::tempdir().unwrap();
        let context = context(home.path(), "b", &format!("{mistake}{sound}"));
        let error = Profile::new(&context).provide().await.unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Malformed, "{mistake}");
        assert!(error.to_string().contains("line "), "{error}");
    }
}
