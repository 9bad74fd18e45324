//! Puts the parts of a response together.

use super::Parts;
use crate::{
    AuthFailure, Error, ErrorKind, GraphQlError, Reply, Response,
    pace::Pace,
    response::{MOST_ERRORS, is_too_deep, too_deep, too_many_errors, undecodable, without_mark},
};
use serde::de::{Deserialize as _, DeserializeOwned};
use serde_json::{Map, Value};
use std::{collections::HashMap, fmt, future::poll_fn, vec};

/// A response that grows: what comes first, and then what was deferred (`@defer`) or streamed (`@stream`).
///
/// Understands both formats: that of 2022 (`deferSpec=20220824`), where patches have paths, and that of today
/// (`incrementalSpec=v0.2`), where they refer to what was announced as pending. A server that knows neither answers all
/// at once, and then there is one update.
///
/// ```no_run
/// # async fn example<S>(client: tower_auth_graphql::Client<S>) -> Result<(), tower_auth_graphql::Error>
/// # where S: tower_service::Service<http::Request<tower_auth_graphql::Body>,
/// #     Response = http::Response<tower_auth_graphql::Reply>> + Clone, S::Error: Into<tower_auth_graphql::BoxError> {
/// let mut response = client.query("{ film { title ... @defer { reviews { text } } } }").stream().await?;
/// while response.update().await? {
///     println!("{:?}", response.data());
/// }
/// # Ok(()) }
/// ```
pub struct Incremental {
    source: Source,
    data: Option<Value>,
    errors: Vec<GraphQlError>,
    extensions: Map<String, Value>,
    auth_failure: Option<AuthFailure>,
    head: Option<std::sync::Arc<crate::head::Head>>,
    /// Where what was announced belongs.
    pending: HashMap<String, Vec<Value>>,
    /// What came and is not yet in its place.
    part: Option<Part>,
    pace: Pace,
}

/// A part whose patches are put in their places.
struct Part {
    pending: vec::IntoIter<Value>,
    patches: vec::IntoIter<Value>,
    completed: vec::IntoIter<Value>,
    more: bool,
}

enum Source {
    Whole(Option<Box<Response>>),
    Parts(Box<Parts>),
    Done,
}

/// How deep into the data a patch may reach, and how many may be pending: what a server may make us keep is bounded.
const MAX_PATH: usize = 127;
const MAX_PATH_BYTES: usize = 16 * 1024;
const MAX_PENDING: usize = 10_000;

impl Incremental {
    pub(crate) fn new(reply: Reply) -> Result<Self, Error> {
        let source = match reply {
            Reply::Stream(parts) => Source::Parts(Box::new(parts)),
            other => Source::Whole(Some(Box::new(other.into_single()?))),
        };
        Ok(Self::of(source))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            data: None,
            errors: Vec::new(),
            extensions: Map::new(),
            auth_failure: None,
            head: None,
            pending: HashMap::new(),
            part: None,
            pace: Pace::default(),
        }
    }

    /// Waits for more. `false` when the response is complete.
    ///
    /// Nothing is lost when the future is dropped: the next call goes on where this one was. While a large part is put
    /// together, others on the same thread get their turn.
    ///
    /// # Errors
    ///
    /// As [`Parts::next`], and [`ErrorKind::Protocol`] when a patch fits nowhere. What was there before stays.
    pub async fn update(&mut self) -> Result<bool, Error> {
        match &mut self.source {
            Source::Done => Ok(false),
            Source::Whole(response) => {
                let response = response.take();
                self.source = Source::Done;
                let Some(response) = response else {
                    return Ok(false);
                };
                self.data = response.data.map(|data| data.decode()).transpose()?;
                self.errors = response.errors;
                self.extensions = response.extensions;
                self.auth_failure = response.auth_failure;
                self.head = response.head;
                Ok(true)
            }
            Source::Parts(_) => {
                let updated = self.update_by_part().await;
                if !matches!(updated, Ok(true)) {
                    self.source = Source::Done;
                }
                updated.map(|_| true)
            }
        }
    }

    /// Puts the next part in its place. Says whether there will be more.
    async fn update_by_part(&mut self) -> Result<bool, Error> {
        if self.part.is_none() {
            let Source::Parts(parts) = &mut self.source else {
                return Ok(false);
            };
            let json = parts.next().await.ok_or_else(|| {
                Error::new(
                    ErrorKind::Transport,
                    "the stream ended before the response was complete",
                )
            })??;
            let seen = self.errors.len();
            let begun = self.begin(&json);
            self.judge(seen);
            self.part = Some(begun?);
        }
        loop {
            poll_fn(|cx| self.pace.poll_turn(cx)).await;
            let seen = self.errors.len();
            let applied = self.apply_next();
            self.judge(seen);
            if let Some(more) = applied? {
                return Ok(more);
            }
        }
    }

    /// Whether the [detector](crate::AuthDetector) found, in what has come so far, that credentials were not accepted.
    ///
    /// When the first part says so, credentials are renewed, and the request is sent once more if that is safe, before
    /// anything is seen of it here. What is said later comes too late for that: the next request renews them.
    pub fn auth_failure(&self) -> Option<AuthFailure> {
        self.auth_failure
    }

    /// The data as far as they are there.
    pub fn data(&self) -> Option<&Value> {
        self.data.as_ref()
    }

    /// All errors so far.
    pub fn errors(&self) -> &[GraphQlError] {
        &self.errors
    }

    /// The extensions so far.
    pub fn extensions(&self) -> &Map<String, Value> {
        &self.extensions
    }

    /// Waits for the end, and decodes the whole.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update), and [`ErrorKind::Decode`] when the data are not a `T` and there are no errors.
    pub async fn finish<T: DeserializeOwned>(mut self) -> Result<Response<T>, Error> {
        while self.update().await? {}
        let data = match self.data.take().map(serde_json::from_value) {
            Some(Ok(data)) => Some(data),
            Some(Err(error)) if self.errors.is_empty() => {
                return Err(undecodable(error));
            }
            _ => None,
        };
        Ok(Response {
            data,
            errors: self.errors,
            extensions: self.extensions,
            auth_failure: self.auth_failure,
            head: self.head,
        })
    }

    /// Reads a part, and takes from it what is quickly done.
    fn begin(&mut self, json: &[u8]) -> Result<Part, Error> {
        self.pace.work(json.len());
        let json = without_mark(json);
        let mut part: Map<String, Value> = serde_json::from_slice(json).map_err(|error| {
            if is_too_deep(json) {
                too_deep()
            } else {
                Error::protocol("a part of the stream is no JSON object").with_source(error)
            }
        })?;
        let more = has_next(&part);
        // Before 2022, a part was a patch itself.
        if part.contains_key("path") {
            return Ok(Part {
                pending: Vec::new().into_iter(),
                patches: vec![Value::Object(part)].into_iter(),
                completed: Vec::new().into_iter(),
                more,
            });
        }
        if let Some(data) = part.remove("data") {
            self.data = Some(data).filter(|data| !data.is_null());
        }
        self.note(&mut part)?;
        Ok(Part {
            pending: list(&mut part, "pending").into_iter(),
            patches: list(&mut part, "incremental").into_iter(),
            completed: list(&mut part, "completed").into_iter(),
            more,
        })
    }

    /// The next thing that the part has. When there is none, whether there will be more parts.
    fn apply_next(&mut self) -> Result<Option<bool>, Error> {
        let Some(part) = &mut self.part else {
            return Ok(Some(false));
        };
        if let Some(announced) = part.pending.next() {
            self.announce(announced)?;
        } else if let Some(patch) = part.patches.next() {
            match patch {
                Value::Object(patch) => self.patch(patch)?,
                _ => return Err(Error::protocol("a patch is no object")),
            }
        } else if let Some(completed) = part.completed.next() {
            self.complete(completed)?;
        } else {
            let more = part.more;
            self.part = None;
            return Ok(Some(more));
        }
        Ok(None)
    }

    fn complete(&mut self, completed: Value) -> Result<(), Error> {
        let Value::Object(mut completed) = completed else {
            return Err(Error::protocol("what was completed is no object"));
        };
        if let Some(id) = completed.get("id").and_then(Value::as_str) {
            self.pending.remove(id);
        }
        self.note(&mut completed)
    }

    /// Judges the errors from this one on.
    fn judge(&mut self, seen: usize) {
        // One that other credentials could help with is not forgotten.
        if self.auth_failure.is_some_and(AuthFailure::is_renewable) {
            return;
        }
        if let (Source::Parts(parts), Some(errors)) = (&self.source, self.errors.get(seen..)) {
            self.auth_failure = parts.judge().judge(errors).or(self.auth_failure);
        }
    }

    fn announce(&mut self, mut announced: Value) -> Result<(), Error> {
        let invalid = || Error::protocol("what is pending has no id or no path");
        let Some(Value::String(id)) = announced.get_mut("id").map(Value::take) else {
            return Err(invalid());
        };
        let Some(Value::Array(path)) = announced.get_mut("path").map(Value::take) else {
            return Err(invalid());
        };
        // Every patch walks the path again: it has to be short, whatever a patch is.
        let bytes: usize = path.iter().filter_map(Value::as_str).map(str::len).sum();
        if self.pending.len() >= MAX_PENDING || path.len() > MAX_PATH || bytes > MAX_PATH_BYTES {
            return Err(Error::protocol("too much is pending"));
        }
        self.pending.insert(id, path);
        Ok(())
    }

    /// Keeps errors and extensions.
    fn note(&mut self, part: &mut Map<String, Value>) -> Result<(), Error> {
        for error in list(part, "errors") {
            let error = GraphQlError::deserialize(error)
                .map_err(|error| Error::protocol("`errors` is malformed").with_source(error))?;
            if self.errors.len() >= MOST_ERRORS {
                return Err(too_many_errors());
            }
            self.errors.push(error);
        }
        if let Some(Value::Object(extensions)) = part.remove("extensions") {
            self.extensions.extend(extensions);
        }
        Ok(())
    }

    fn patch(&mut self, mut patch: Map<String, Value>) -> Result<(), Error> {
        self.note(&mut patch)?;
        let by_id = patch.get("id").is_some_and(Value::is_string);
        // What follows the announced path, or all of the path.
        let mut rest = list(&mut patch, if by_id { "subPath" } else { "path" });
        if !by_id {
            rest.extend(list(&mut patch, "subPath"));
        }
        let items = match patch.remove("items") {
            Some(Value::Array(items)) => Some(items),
            _ => None,
        };
        // In the format of 2022 the path of items ends with the index of the first one.
        let at = match &items {
            Some(_) if !by_id => rest.pop(),
            _ => None,
        };
        let announced: &[Value] = match patch.get("id").and_then(Value::as_str) {
            Some(id) => self
                .pending
                .get(id)
                .ok_or_else(|| Error::protocol("a patch refers to what is not pending"))?,
            None => &[],
        };
        self.pace.work(64 * (1 + announced.len() + rest.len()));
        let data = patch.remove("data").filter(|data| !data.is_null());
        if items.is_none() && data.is_none() {
            return Ok(()); // the errors say why
        }
        let place = find(self.data.as_mut(), announced, &rest)?;
        if let Some(items) = items {
            return insert(place, at, items);
        }
        if let Some(data) = data {
            merge(place, data);
        }
        Ok(())
    }
}

fn insert(place: &mut Value, at: Option<Value>, items: Vec<Value>) -> Result<(), Error> {
    let nowhere = || Error::protocol("streamed items fit nowhere");
    let Value::Array(elements) = place else {
        return Err(nowhere());
    };
    let first = match at {
        None => elements.len(),
        Some(at) => at
            .as_u64()
            .and_then(|at| usize::try_from(at).ok())
            .ok_or_else(nowhere)?,
    };
    for (at, item) in (first..).zip(items) {
        if at == elements.len() {
            elements.push(item);
        } else {
            *elements.get_mut(at).ok_or_else(nowhere)? = item;
        }
    }
    Ok(())
}

/// The place where this path leads, and from there the rest of it.
fn find<'a>(
    data: Option<&'a mut Value>,
    path: &[Value],
    rest: &[Value],
) -> Result<&'a mut Value, Error> {
    let nowhere = || Error::protocol("a patch fits nowhere");
    // Else each patch could reach one level deeper than the last, until dropping it all exhausts the stack.
    if path.len() + rest.len() > MAX_PATH {
        return Err(nowhere());
    }
    let mut place = data.ok_or_else(nowhere)?;
    for step in path.iter().chain(rest) {
        place = match (place, step) {
            (Value::Object(members), Value::String(name)) => members.get_mut(name),
            (Value::Array(elements), Value::Number(index)) => index
                .as_u64()
                .and_then(|index| usize::try_from(index).ok())
                .and_then(|index| elements.get_mut(index)),
            _ => None,
        }
        .ok_or_else(nowhere)?;
    }
    Ok(place)
}

fn has_next(part: &Map<String, Value>) -> bool {
    part.get("hasNext")
        .and_then(Value::as_bool)
        .unwrap_or(false)
}

fn list(part: &mut Map<String, Value>, name: &str) -> Vec<Value> {
    match part.remove(name) {
        Some(Value::Array(elements)) => elements,
        _ => Vec::new(),
    }
}

/// Objects and lists are merged, all else is replaced.
fn merge(place: &mut Value, data: Value) {
    match (place, data) {
        (Value::Object(members), Value::Object(more)) => {
            for (name, value) in more {
                match members.get_mut(&name) {
                    Some(member) => merge(member, value),
                    None => {
                        members.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(elements), Value::Array(more)) if elements.len() == more.len() => {
            for (element, value) in elements.iter_mut().zip(more) {
                merge(element, value);
            }
        }
        (place, data) => *place = data,
    }
}

impl fmt::Debug for Incremental {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incremental")
            .field("errors", &self.errors)
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn apply(parts: &[Value]) -> Result<(Incremental, bool), Error> {
        let mut response = Incremental::of(Source::Done);
        let mut more = true;
        for part in parts {
            response.part = Some(response.begin(part.to_string().as_bytes())?);
            more = loop {
                if let Some(more) = response.apply_next()? {
                    break more;
                }
            };
        }
        Ok((response, more))
    }

    #[test]
    fn patches_with_paths_are_applied() {
        let (response, more) = apply(&[
            json!({"data": {"film": {"title": "T"}, "list": [1]}, "hasNext": true}),
            json!({"incremental": [
                {"path": ["film"], "label": "x", "data": {"reviews": [{"text": "good"}]}},
                {"path": ["list", 1], "items": [2, 3]},
                {"path": ["film"], "data": null, "errors": [{"message": "no"}]},
            ], "hasNext": true}),
            json!({"hasNext": false}),
        ])
        .unwrap();
        assert_eq!(
            response.data.unwrap(),
            json!({"film": {"title": "T", "reviews": [{"text": "good"}]}, "list": [1, 2, 3]})
        );
        assert_eq!(response.errors[0].message, "no");
        assert!(!more);
    }

    #[test]
    fn patches_by_id_are_applied_where_they_were_announced() {
        let (response, more) = apply(&[
            json!({"data": {"film": {"cast": {"a": 1}}, "list": []},
                "pending": [{"id": "0", "path": ["film"]}, {"id": "1", "path": ["list"]}], "hasNext": true}),
            json!({"incremental": [
                {"id": "0", "subPath": ["cast"], "data": {"b": 2}},
                {"id": "1", "items": ["x"]},
                {"id": "1", "items": ["y"]},
            ], "completed": [{"id": "0"}], "hasNext": true}),
            json!({"completed": [{"id": "1", "errors": [{"message": "gone"}]}], "hasNext": false}),
        ])
        .unwrap();
        assert_eq!(
            response.data.unwrap(),
            json!({"film": {"cast": {"a": 1, "b": 2}}, "list": ["x", "y"]})
        );
        assert_eq!(response.errors[0].message, "gone");
        assert!(response.pending.is_empty() && !more);
    }

    #[test]
    fn a_patch_that_fits_nowhere_is_an_error() {
        let first = json!({"data": {"a": [1]}, "hasNext": true});
        for patch in [
            json!({"path": ["b"], "data": {}}),
            json!({"path": ["a", 7], "data": {}}),
            json!({"path": ["a", 7], "items": [1]}),
            json!({"path": [], "items": [1]}),
            json!({"path": ["a", -1], "items": [1]}),
            json!({"id": "9", "data": {}}),
            json!(1),
        ] {
            let result = apply(&[
                first.clone(),
                json!({"incremental": [patch], "hasNext": true}),
            ]);
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Protocol, "{patch}");
        }
    }

    #[test]
    fn errors_cannot_pile_up_for_ever() {
        let part = json!({"errors": vec![""; 4000], "hasNext": true});
        assert!(apply(&[part.clone(), part.clone()]).is_ok());
        let error = apply(&[part.clone(), part.clone(), part]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit(crate::Limit::Errors));
    }

    #[test]
    fn patches_cannot_dig_an_endless_hole() {
        let mut parts = vec![json!({"data": {"a": {}}, "hasNext": true})];
        for depth in 1..200 {
            let path = vec!["a"; depth];
            parts
                .push(json!({"incremental": [{"path": path, "data": {"a": {}}}], "hasNext": true}));
        }
        assert_eq!(apply(&parts).unwrap_err().kind(), ErrorKind::Protocol);
    }
}
