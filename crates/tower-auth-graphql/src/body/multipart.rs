//! `multipart/form-data`, by the GraphQL multipart request specification.

use crate::{
    BoxError, Error, Request,
    upload::{BoxBody, Source, Upload},
};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::HeaderValue;
use http_body::{Body as _, Frame, SizeHint};
use serde_json::{
    Map,
    value::{RawValue, to_raw_value},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
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
    /// And how many bytes it still has to have, when that was announced.
    Body(BoxBody, Option<u64>),
}

impl Form {
    /// A single request and its files.
    pub(crate) fn new(
        request: &Request,
        uploads: Vec<(Vec<String>, Upload)>,
    ) -> Result<Self, Error> {
        let mut request = request.clone();
        for path in uploads.iter().flat_map(|(paths, _)| paths) {
            make_room(&mut request, path).ok_or_else(|| bad_path(path))?;
        }
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
            make_room(request, rest).ok_or_else(|| bad_path(path))?;
        }
        let json = serde_json::to_vec(&requests)
            .map_err(|error| Error::request("the requests are no JSON").with_source(error))?;
        Self::assemble(json, uploads)
    }

    fn assemble(operations: Vec<u8>, uploads: Vec<(Vec<String>, Upload)>) -> Result<Self, Error> {
        let mut map = Map::new();
        let mut files = Vec::with_capacity(uploads.len());
        for (index, (paths, file)) in uploads.into_iter().enumerate() {
            if paths.is_empty() {
                return Err(Error::request("a file has no place in the variables"));
            }
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
            let size = file.size();
            self.segments.push_back(match file.source {
                Source::Bytes(bytes) => Segment::Bytes(bytes),
                Source::Open { open, .. } => Segment::Body(open(), size),
                Source::Once(body) => Segment::Body(body, size),
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
                Some(Segment::Body(body, left)) => {
                    let frame = ready!(body.as_mut().poll_frame(cx)).transpose();
                    let data = frame.map(|frame| frame.map(Frame::into_data));
                    match data
                        .map_err(unreadable)
                        .and_then(|data| checked(data, left))
                    {
                        Ok(Some(data)) if data.is_empty() => {}
                        Ok(Some(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                        Ok(None) => {
                            self.segments.pop_front();
                        }
                        Err(error) => {
                            self.segments.clear();
                            return Poll::Ready(Some(Err(error.into())));
                        }
                    }
                }
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
                Segment::Body(_, Some(left)) => *left,
                Segment::Body(body, None) => body.size_hint().exact()?,
            })
        })
    }
}

/// An error of ours, which is found again in that of the HTTP client.
fn unreadable(error: BoxError) -> Error {
    Error::request("a file could not be read").with_source(error)
}

/// More of a file, or `None` at its end. It has to be as long as was announced: else the server would wait for what never
/// comes, or take the rest for something else.
fn checked(
    data: Option<Result<Bytes, Frame<Bytes>>>,
    left: &mut Option<u64>,
) -> Result<Option<Bytes>, Error> {
    let wrong = |how| {
        Error::request(format!(
            "a file is {how} than the size that was given for it"
        ))
    };
    match (data, left) {
        (Some(Ok(data)), Some(left)) => {
            *left = left
                .checked_sub(data.len() as u64)
                .ok_or_else(|| wrong("longer"))?;
            Ok(Some(data))
        }
        (Some(Ok(data)), None) => Ok(Some(data)),
        (Some(Err(_)), _) => Ok(Some(Bytes::new())), // trailers
        (None, Some(1..)) => Err(wrong("shorter")),
        (None, _) => Ok(None),
    }
}

fn bad_path(path: &str) -> Error {
    Error::request(format!(
        "there is no place for a file at `{path}`; paths are like `variables.file` or `variables.files.0`"
    ))
}

/// How deep in the variables a file can be: as deep as JSON is read elsewhere.
const DEEPEST: usize = 127;

/// Puts null where a file goes. The objects and lists on the way have to be there; a list may grow by one.
fn make_room(request: &mut Request, path: &str) -> Option<()> {
    let steps: Vec<&str> = path.strip_prefix("variables.")?.split('.').collect();
    if steps.len() > DEEPEST {
        return None;
    }
    let variables = request.variables.as_deref().unwrap_or("{}");
    request.variables = Some(with_null(variables, &steps)?.get().to_owned());
    Some(())
}

/// This JSON with null at the path. All else stays as it is written, long numbers too.
fn with_null(json: &str, path: &[&str]) -> Option<Box<RawValue>> {
    let Some((&step, rest)) = path.split_first() else {
        return to_raw_value(&()).ok();
    };
    // What is not there can only be the end of the path.
    let below = |value: Option<&&RawValue>| match value {
        Some(value) => with_null(value.get(), rest),
        None if rest.is_empty() => with_null("", rest),
        None => None,
    };
    if json.starts_with('{') && !step.is_empty() {
        let mut members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(json).ok()?;
        let value = below(members.get(step))?;
        members.insert(step.into(), &value);
        return to_raw_value(&members).ok();
    }
    if json.starts_with('[') {
        let mut elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
        let index: usize = step.parse().ok().filter(|index| *index <= elements.len())?;
        let value = below(elements.get(index))?;
        match elements.get_mut(index) {
            Some(element) => *element = &value,
            None => elements.push(&value),
        }
        return to_raw_value(&elements).ok();
    }
    None
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
    use serde_json::{Value, json};

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
        assert!(form(json!({}), &[], Upload::bytes("")).is_err());
        let requests = [Request::new("{ a }"), Request::new("{ a }")];
        let one =
            |path: &str| Form::batch(&requests, vec![(vec![path.to_owned()], Upload::bytes(""))]);
        assert!(one("1.variables.f").is_ok());
        assert!(one("2.variables.f").is_err());
        assert!(one("variables.f").is_err());
    }

    #[test]
    fn variables_stay_as_they_are_written() {
        let path = |path: &str| {
            with_null(
                r#"{"n":1.00000000000000000001,"a":[{"b":1}, 2]}"#,
                &path.split('.').collect::<Vec<_>>(),
            )
        };
        let written = |at| path(at).unwrap().get().to_owned();
        assert_eq!(
            written("a.0.b"),
            r#"{"a":[{"b":null},2],"n":1.00000000000000000001}"#
        );
        assert_eq!(
            written("a.2"),
            r#"{"a":[{"b":1},2,null],"n":1.00000000000000000001}"#
        );
        assert_eq!(
            written("f"),
            r#"{"a":[{"b":1}, 2],"f":null,"n":1.00000000000000000001}"#
        );
        for at in ["a.3", "a.1.x", "a.0.", "x.y", "a.-1", "n.x"] {
            assert!(path(at).is_none(), "{at}");
        }
    }

    #[test]
    fn boundaries_differ() {
        assert_ne!(boundary(), boundary());
    }
}
