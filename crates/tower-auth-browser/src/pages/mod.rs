//! What the browser shows.

mod response;

pub(crate) use self::response::{Page, respond};

use std::{fmt, time::Duration};

const SUCCESS: &str = include_str!("success.html");
const FAILURE: &str = include_str!("failure.html");
const FRAGMENT: &str = include_str!("fragment.html");

/// The pages that a browser shows when it came back, and for how long.
///
/// A page tries to close its tab after its time. Most browsers let it do so only where a script opened the tab.
///
/// HTML of your own may hold `{display_time}`, in milliseconds, and on failure `{information}`: what went wrong, escaped
/// for text and for attributes in quotes, with `<br>` for line ends. Do not put it into a script or a style. All other
/// braces stay as they are. These pages may have inline scripts and styles, and pictures of `data:` and `https:`, and
/// load nothing else.
///
/// ```
/// use std::time::Duration;
/// use tower_auth_browser::DisplaySettings;
///
/// let pages = DisplaySettings::new()
///     .success_display_time(Duration::from_secs(2))
///     .failure_html("<!DOCTYPE html><title>No</title><p>It did not work: {information}");
/// ```
#[derive(Clone)]
pub struct DisplaySettings {
    success_display_time: Duration,
    success_html: Option<String>,
    failure_display_time: Duration,
    failure_html: Option<String>,
}

impl DisplaySettings {
    /// Our own pages: success for 1 ms, failure for 10 s.
    pub const fn new() -> Self {
        Self {
            success_display_time: Duration::from_millis(1),
            success_html: None,
            failure_display_time: Duration::from_secs(10),
            failure_html: None,
        }
    }

    /// How long success is shown. 1 ms by default.
    #[must_use]
    pub fn success_display_time(self, time: Duration) -> Self {
        Self {
            success_display_time: time,
            ..self
        }
    }

    /// The page of success.
    #[must_use]
    pub fn success_html(self, html: impl Into<String>) -> Self {
        Self {
            success_html: Some(html.into()),
            ..self
        }
    }

    /// How long failure is shown. 10 s by default.
    #[must_use]
    pub fn failure_display_time(self, time: Duration) -> Self {
        Self {
            failure_display_time: time,
            ..self
        }
    }

    /// The page of failure.
    #[must_use]
    pub fn failure_html(self, html: impl Into<String>) -> Self {
        Self {
            failure_html: Some(html.into()),
            ..self
        }
    }

    fn success(&self) -> String {
        let html = self.success_html.as_deref().unwrap_or(SUCCESS);
        fill(html, self.success_display_time, None)
    }

    fn failure(&self, information: &str) -> String {
        let html = self.failure_html.as_deref().unwrap_or(FAILURE);
        fill(html, self.failure_display_time, Some(information))
    }
}

impl Default for DisplaySettings {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for DisplaySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DisplaySettings")
            .field("success_display_time", &self.success_display_time)
            .field("success_html", &self.success_html.is_some())
            .field("failure_display_time", &self.failure_display_time)
            .field("failure_html", &self.failure_html.is_some())
            .finish()
    }
}

/// Fills in the values, in one pass: what is filled in is not looked at again.
fn fill(html: &str, time: Duration, information: Option<&str>) -> String {
    let mut filled = String::with_capacity(html.len() + 256);
    let mut rest = html;
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("{display_time}") {
            filled.push_str(&time.as_millis().to_string());
            rest = after;
        } else if let (Some(text), Some(after)) = (information, rest.strip_prefix("{information}"))
        {
            escape(text, &mut filled);
            rest = after;
        } else {
            filled.push('{');
            rest = &rest[1..];
        }
    }
    filled.push_str(rest);
    filled
}

/// Text that is nothing but text in HTML, in attributes too.
fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' => html.push_str("<br>"),
            other if other.is_control() => {}
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_escaped_and_not_filled_again() {
        let pages = DisplaySettings::new().failure_html(
            "<i title=\"{information}\">{information}</i> {display_time} {{x}} {information",
        );
        assert_eq!(
            pages.failure("<b>&\"'{display_time}\u{7}\na"),
            "<i title=\"&lt;b&gt;&amp;&quot;&#39;{display_time}<br>a\">&lt;b&gt;&amp;&quot;&#39;{display_time}<br>a</i> \
             10000 {{x}} {information"
        );
        let pages = DisplaySettings::new().success_html("{display_time}{information}");
        assert_eq!(pages.success(), "1{information}");
    }

    #[test]
    fn our_own_pages_say_what_happened_and_close_after_their_time() {
        let pages = DisplaySettings::new();
        assert!(pages.success().contains("data-display-time=\"1\""));
        let failure = pages.failure("the <user> said no");
        assert!(failure.contains("data-display-time=\"10000\""));
        assert!(failure.contains("<p>the &lt;user&gt; said no</p>"));
        assert!(!failure.contains('{') || !failure.contains("{information}"));
    }
}
