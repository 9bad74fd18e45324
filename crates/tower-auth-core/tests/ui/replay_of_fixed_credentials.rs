use tower_auth_core::{Basic, SchemeExt, replay::Cloned};

fn main() {
    let _ = Basic::new("user", "password").unwrap().replay(Cloned);
}
