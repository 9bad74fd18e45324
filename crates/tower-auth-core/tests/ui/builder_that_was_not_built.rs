use tower_auth_core::{AuthLayer, SchemeExt};

#[derive(Clone)]
struct OAuth2Builder;

fn main() {
    let _ = OAuth2Builder.only_to("https://api.example.com");
    let _ = AuthLayer::new(OAuth2Builder).replay(());
}
