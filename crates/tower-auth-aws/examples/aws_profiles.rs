//! What a profile of `~/.aws` says, for each line of standard input: the home directory and the profile's name, between
//! them a tab. `interop/aws-credentials` compares it with botocore.

use std::io::BufRead;
use tower_auth_aws::credentials::{Env, Profile, ProvideCredentials, ProviderContext, region};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (home, profile) = line
            .split_once('\t')
            .ok_or("home and profile, with a tab")?;
        let env = Env::from_iter([("HOME", home)]);
        let context = ProviderContext::new().with_env(env).with_profile(profile);
        let key = match Profile::new(&context).provide().await {
            Ok(key) => serde_json::json!([
                key.access_key_id(),
                key.secret_access_key().expose(),
                key.session_token().and_then(|token| token.to_str().ok()),
            ]),
            Err(error) => serde_json::json!({ "error": error.to_string() }),
        };
        let region = match region(&context).await {
            Ok(region) => serde_json::json!(region),
            Err(error) => serde_json::json!({ "error": error.to_string() }),
        };
        println!("{}", serde_json::json!({ "key": key, "region": region }));
    }
    Ok(())
}
