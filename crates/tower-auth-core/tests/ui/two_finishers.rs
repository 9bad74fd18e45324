use tower_auth_core::{Basic, Bearer, HeaderApiKey};

fn main() {
    let basic = Basic::new("user", "password").unwrap();
    let bearer = Bearer::new("token").unwrap();
    let key = HeaderApiKey::new("key").unwrap();
    let _ = key + basic + bearer;
}
