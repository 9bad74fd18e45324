//! `multipart/form-data`, by the GraphQL multipart request specification.

use crate::{
    BoxError, Error, Request,
    upload::{BoxBody, Source, Upload},
};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::HeaderValue;
use http_body::{Body as _, Frame, SizeHint};
use serde_json::{Map, Value};
use std::{
    collections::VecDeque,
    hash::{BuildHasher as _, RandomState},
    task::{Context, Poll, ready},
};

/// A form on its way: `operations`, `map`, and the files.
pub(crate) struct Form {
    boundary: Box<str>,
    operations: Bytes,
    map: Bytes,
    files: Vec<Upload>,
    /// Filled when the first byte is asked for.
    segments: VecDeque<Segment>,
    started: bool,
}

enum Segment {
    Bytes(Bytes),
    Body(BoxBody),
}

impl Form {
    /// A single request and its files.
    pub(crate) fn new(
        request: &Request,
        uploads: Vec<(Vec<String>, Upload)>,
    ) -> Result<Self, Error> {
        let mut request = request.clone();
        let mut variables = variables(&request)?;
        for path in uploads.iter().flat_map(|(paths, _)| paths) {
            let inner = path
                .strip_prefix("variables.")
                .ok_or_else(|| bad_path(path))?;
            set_null(&mut variables, inner).ok_or_else(|| bad_path(path))?;
        }
        set_variables(&mut request, variables)?;
        Self::assemble(request.to_json()?, uploads)
    }

    /// Several requests; paths begin with the index of one.
    pub(crate) fn batch(
        requests: &[Request],
        uploads: Vec<(Vec<String>, Upload)>,
    ) -> Result<Self, Error> {
        let mut requests = requests.to_vec();
        for path in uploads.iter().flat_map(|(paths, _)| paths) {
            let (index, rest) = path.split_once('.').ok_or_else(|| bad_path(path))?;
            let index: usize = index.parse().map_err(|_| bad_path(path))?;
            let request = requests.get_mut(index).ok_or_else(|| bad_path(path))?;
            let inner = rest
                .strip_prefix("variables.")
                .ok_or_else(|| bad_path(path))?;
            let mut variables = variables(request)?;
            set_null(&mut variables, inner).ok_or_else(|| bad_path(path))?;
            set_variables(request, variables)?;
        }
        let json = serde_json::to_vec(&requests)
            .map_err(|error| Error::request("the requests are no JSON").with_source(error))?;
        Self::assemble(json, uploads)
    }

    fn assemble(operations: Vec<u8>, uploads: Vec<(Vec<String>, Upload)>) -> Result<Self, Error> {
        let mut map = Map::new();
        let mut files = Vec::with_capacity(uploads.len());
        for (index, (paths, file)) in uploads.into_iter().enumerate() {
            map.insert(index.to_string(), paths.into());
            files.push(file);
        }
        let map = serde_json::to_vec(&map)
            .map_err(|error| Error::request("the map is no JSON").with_source(error))?;
        Ok(Self {
            boundary: boundary(),
            operations: operations.into(),
            map: map.into(),
            files,
            segments: VecDeque::new(),
            started: false,
        })
    }

    pub(crate) fn content_type(&self) -> Result<HeaderValue, Error> {
        HeaderValue::try_from(format!("multipart/form-data; boundary={}", self.boundary))
            .map_err(|error| Error::request("the boundary is no header").with_source(error))
    }

    pub(crate) fn operations(&self) -> Bytes {
        self.operations.clone()
    }

    #[cfg(feature = "login")]
    pub(crate) fn set_operations(&mut self, json: Bytes) {
        self.operations = json;
    }

    pub(crate) fn try_clone(&self) -> Option<Self> {
        if self.started {
            return None;
        }
        Some(Self {
            boundary: self.boundary.clone(),
            operations: self.operations.clone(),
            map: self.map.clone(),
            files: self
                .files
                .iter()
                .map(Upload::try_clone)
                .collect::<Option<_>>()?,
            segments: VecDeque::new(),
            started: false,
        })
    }

    /// What stands before the `index`th file.
    fn file_head(&self, index: usize, file: &Upload) -> Bytes {
        let mut head = BytesMut::new();
        head.put_slice(format!("\r\n--{}\r\n", self.boundary).as_bytes());
        head.put_slice(
            format!("Content-Disposition: form-data; name=\"{index}\"; filename=\"").as_bytes(),
        );
        head.put_slice(escape(&file.file_name).as_bytes());
        head.put_slice(b"\"\r\nContent-Type: ");
        head.put_slice(file.content_type.as_bytes());
        head.put_slice(b"\r\n\r\n");
        head.freeze()
    }

    /// `operations` and `map`, which come first so that the server can begin before the files are there.
    fn front(&self) -> Bytes {
        let mut front = BytesMut::new();
        for (name, json) in [("operations", &self.operations), ("map", &self.map)] {
            let line = if front.is_empty() { "" } else { "\r\n" };
            front.put_slice(
                format!(
                    "{line}--{}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\
                     Content-Type: application/json\r\n\r\n",
                    self.boundary
                )
                .as_bytes(),
            );
            front.put_slice(json);
        }
        front.freeze()
    }

    fn end(&self) -> Bytes {
        format!("\r\n--{}--\r\n", self.boundary).into()
    }

    fn start(&mut self) {
        self.started = true;
        self.segments.push_back(Segment::Bytes(self.front()));
        for (index, file) in std::mem::take(&mut self.files).into_iter().enumerate() {
            let head = self.file_head(index, &file);
            self.segments.push_back(Segment::Bytes(head));
            self.segments.push_back(match file.source {
                Source::Bytes(bytes) => Segment::Bytes(bytes),
                Source::Open { open, .. } => Segment::Body(open()),
                Source::Once(body) => Segment::Body(body),
            });
        }
        self.segments.push_back(Segment::Bytes(self.end()));
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if !self.started {
            self.start();
        }
        loop {
            match self.segments.front_mut() {
                None => return Poll::Ready(None),
                Some(Segment::Bytes(bytes)) => {
                    let bytes = std::mem::take(bytes);
                    self.segments.pop_front();
                    if !bytes.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(bytes))));
                    }
                }
                Some(Segment::Body(body)) => match ready!(body.as_mut().poll_frame(cx)) {
                    Some(Ok(frame)) => {
                        if let Ok(data) = frame.into_data() {
                            return Poll::Ready(Some(Ok(Frame::data(data))));
                        }
                    }
                    Some(Err(error)) => {
                        self.segments.clear();
                        return Poll::Ready(Some(Err(error)));
                    }
                    None => {
                        self.segments.pop_front();
                    }
                },
            }
        }
    }

    pub(crate) fn is_end(&self) -> bool {
        self.started && self.segments.is_empty()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        let exact = if self.started {
            self.rest()
        } else {
            self.whole()
        };
        exact.map(SizeHint::with_exact).unwrap_or_default()
    }

    fn whole(&self) -> Option<u64> {
        let mut size = (self.front().len() + self.end().len()) as u64;
        for (index, file) in self.files.iter().enumerate() {
            let head = self.file_head(index, file).len() as u64;
            size = size.checked_add(head)?.checked_add(file.size()?)?;
        }
        Some(size)
    }

    fn rest(&self) -> Option<u64> {
        self.segments.iter().try_fold(0_u64, |size, segment| {
            size.checked_add(match segment {
                Segment::Bytes(bytes) => bytes.len() as u64,
                Segment::Body(body) => body.size_hint().exact()?,
            })
        })
    }
}

fn variables(request: &Request) -> Result<Value, Error> {
    match &request.variables {
        Some(variables) => serde_json::from_str(variables)
            .map_err(|error| Error::request("the variables are no JSON").with_source(error)),
        None => Ok(Value::Object(Map::new())),
    }
}

fn set_variables(request: &mut Request, variables: Value) -> Result<(), Error> {
    request.set_variables(variables)
}

fn bad_path(path: &str) -> Error {
    Error::request(format!(
        "there is no place for a file at `{path}`; paths are like `variables.file` or `variables.files.0`"
    ))
}

/// Puts null where a file goes. The objects and lists on the way have to be there; a list may grow by one.
fn set_null(variables: &mut Value, path: &str) -> Option<()> {
    let mut place = variables;
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        let is_last = names.peek().is_none();
        if name.is_empty() {
            return None;
        }
        place = match place {
            Value::Object(members) => {
                if is_last {
                    members.insert(name.to_owned(), Value::Null);
                }
                members.get_mut(name)?
            }
            Value::Array(elements) => {
                let index: usize = name.parse().ok()?;
                if is_last && index == elements.len() {
                    elements.push(Value::Null);
                }
                elements.get_mut(index)?
            }
            _ => return None,
        };
    }
    *place = Value::Null;
    Some(())
}

/// As browsers write names of files (HTML, section 4.10.21.8).
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '"' => escaped.push_str("%22"),
            '\r' => escaped.push_str("%0D"),
            '\n' => escaped.push_str("%0A"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// 192 bits that nobody can guess, so that no file can pretend to end its part.
fn boundary() -> Box<str> {
    let random = || RandomState::new().hash_one(0_u8);
    format!(
        "tower-auth-{:016x}{:016x}{:016x}",
        random(),
        random(),
        random()
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;
    use http_body_util::{BodyExt as _, Full};
    use serde_json::json;

    fn form(variables: Value, paths: &[&str], upload: Upload) -> Result<Form, Error> {
        let request = Request::new("mutation($f: Upload!) { a(f: $f) }").variables(variables)?;
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Form::new(&request, vec![(paths, upload)])
    }

    #[tokio::test]
    async fn a_form_has_operations_then_the_map_then_the_files() {
        let upload = Upload::bytes("hello")
            .file_name("a\"b\r\nc.txt")
            .content_type("text/plain")
            .unwrap();
        let form = form(
            json!({"f": 1, "list": []}),
            &["variables.f", "variables.list.0"],
            upload,
        )
        .unwrap();
        let boundary = form.boundary.clone();
        let body = Body::multipart(form);
        let size = http_body::Body::size_hint(&body).exact().unwrap();
        let bytes = body.collect().await.unwrap().to_bytes();
        assert_eq!(bytes.len() as u64, size);
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"operations\"\r\n\
             Content-Type: application/json\r\n\r\n\
             {{\"query\":\"mutation($f: Upload!) {{ a(f: $f) }}\",\"variables\":{{\"f\":null,\"list\":[null]}}}}\
             \r\n--{boundary}\r\nContent-Disposition: form-data; name=\"map\"\r\n\
             Content-Type: application/json\r\n\r\n\
             {{\"0\":[\"variables.f\",\"variables.list.0\"]}}\
             \r\n--{boundary}\r\nContent-Disposition: form-data; name=\"0\"; filename=\"a%22b%0D%0Ac.txt\"\r\n\
             Content-Type: text/plain\r\n\r\nhello\r\n--{boundary}--\r\n"
        );
        assert_eq!(bytes, expected);
    }

    #[tokio::test]
    async fn a_file_can_be_sent_again_only_when_it_can_be_read_again() {
        let once = Upload::stream(Full::new(Bytes::from_static(b"x")));
        let body = Body::multipart(form(json!({}), &["variables.f"], once).unwrap());
        assert!(body.try_clone().is_none());

        let again = Upload::open(Some(1), || Full::new(Bytes::from_static(b"x")));
        let body = Body::multipart(form(json!({}), &["variables.f"], again).unwrap());
        let copy = body.try_clone().unwrap();
        let one = body.collect().await.unwrap().to_bytes();
        assert_eq!(one, copy.collect().await.unwrap().to_bytes());
    }

    #[test]
    fn a_path_that_leads_nowhere_is_refused() {
        for path in [
            "f",
            "variables",
            "variables.",
            "variables.a.b",
            "variables.list.2",
            "variables.list.x",
            "",
        ] {
            let error = form(json!({"list": [], "a": 1}), &[path], Upload::bytes(""))
                .err()
                .unwrap();
            assert_eq!(error.kind(), crate::ErrorKind::Request, "{path}");
        }
        let requests = [Request::new("{ a }"), Request::new("{ a }")];
        let one =
            |path: &str| Form::batch(&requests, vec![(vec![path.to_owned()], Upload::bytes(""))]);
        assert!(one("1.variables.f").is_ok());
        assert!(one("2.variables.f").is_err());
        assert!(one("variables.f").is_err());
    }

    #[test]
    fn boundaries_differ() {
        assert_ne!(boundary(), boundary());
    }
}
