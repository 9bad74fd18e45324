//! Values that expire: OAuth 2 tokens, AWS sessions, logins. One engine fetches them, keeps them fresh, shares and
//! stores them.
//!
//! | to | take |
//! | --- | --- |
//! | send tokens of your own making with requests | [`TokenAuth`], a scheme, with a closure as its [`Source`] |
//! | fetch anything else that expires | [`Cache`] |
//! | have one for each tenant, bucket or host | [`CacheMap`] |
//! | keep a session between runs, or share it between processes | [`store::Stored`] around the source, with a `store::FileStore` |
//! | share a session between the caches of one process, or test what uses a store | [`store::Stored`], with a [`store::MemoryStore`] |
//! | write a scheme over a cache | [`Lender`] and [`SentToken`], which fit [`Scheme`](tower_auth_core::Scheme) |
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//! use http::{Request, Response, StatusCode};
//! use tower::{Layer, ServiceExt};
//! use tower_auth_core::{AuthError, SchemeExt, replay::Cloned};
//! use tower_auth_token::{Fetched, Token, TokenAuth};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let api = tower::service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new())));
//! let auth = TokenAuth::bearer(async || {
//!     let (token, expires_in) = ("mF_9.B5f-4.1JqM", 3600); // asked of whoever issues them
//!     Ok::<_, AuthError>(Fetched::new(Token::from(token)).lifetime(Duration::from_secs(expires_in)))
//! });
//! // One fetch for all requests; one more try for what is refused.
//! let client = auth.only_to("https://api.example.com")?.replay(Cloned).layer(api);
//! let request = Request::get("https://api.example.com/").body(String::new())?;
//! assert_eq!(client.oneshot(request).await?.status(), StatusCode::OK);
//! # Ok(())
//! # }
//! ```
//!
//! # When a value is fetched
//!
//! | moment | what happens |
//! | --- | --- |
//! | there is none, or it expired | the first request begins a fetch, and all wait for it |
//! | less than 5 minutes are left, less some at random | a request begins a fetch aside; all use the old value |
//! | less than 30 seconds are left | it counts as expired, so that it does not expire on the way |
//! | the server said 401 | the first request begins a fetch, if the value is still the current one; not again for 30 seconds, unless the value was at its end |
//! | the fetch failed | all who waited get the error; so do later ones, at once, for 1 second, then 2, 4 … 60, or as `Retry-After` says |
//!
//! Both margins are at most a quarter of the lifetime. Everything can be told otherwise: see [`CacheBuilder`].
//!
//! # Time
//!
//! A lifetime (`expires_in`) counts from when the source was asked, on a clock that nobody sets (on Linux it is read
//! coarsely, up to 10 milliseconds late); an end by the time of
//! day (`exp`, `Expiration`, what a store holds) is kept by both clocks, whichever says so first. When a machine sleeps,
//! what came from a store ends in time, and the first 401 heals what the clock missed of all else. Sleeping and
//! time-outs are tokio's.
//!
//! # What it is held to
//!
//! Each line is proven by the test that is named; those without a file are in this crate's `tests/`.
//!
//! | | demand | test |
//! | --- | --- | --- |
//! | C1 | 10 000 requests on an expired token: one fetch, all succeed, within half a second on two threads | `single_flight`: `ten_thousand_requests_on_an_expired_token_make_one_fetch_and_all_succeed`, `threads_that_miss_at_the_same_moment_make_one_fetch` |
//! | C2 | a failed fetch: every waiter has its error | `single_flight`: `a_failed_fetch_is_the_error_of_everybody_who_waited_for_it` |
//! | C3 | then back-off, `Retry-After`, half-open | `single_flight`: `after_a_failure_requests_fail_fast_until_the_back_off_is_over`, `a_retry_after_is_kept_and_bounded` |
//! | C4 | the leader goes away at any await point: nobody stranded, no second fetch | `single_flight`: `a_leader_that_goes_away_at_any_await_point_strands_nobody_and_costs_no_second_fetch`, `a_request_that_goes_away_at_any_await_point_loses_no_fetch`, `without_a_runtime_leaders_that_go_away_at_any_await_point_strand_nobody` |
//! | C5 | … after the server rotated: the refresh token is kept | `single_flight`: `a_fetch_is_finished_and_kept_when_everybody_has_gone_away`; `stores`: `a_rotated_refresh_token_is_stored_even_when_everybody_has_gone_away`, `a_fetch_that_is_given_up_while_it_saves_loses_no_rotated_refresh_token`, `forgetting_during_a_refresh_does_not_lose_the_rotated_refresh_token` |
//! | C6 | a waiter goes away alone, at once | `single_flight`: `a_waiter_can_go_away_alone_and_at_once` |
//! | C7 | a slow key delays no other | `single_flight`: `a_slow_key_delays_no_other`; `files`: `a_key_that_is_being_fetched_delays_no_other_key_of_the_file` |
//! | C8 | a 401 for an old token costs no fetch; 1 000 for the current one cost one | `refusals`: `a_thousand_late_refusals_of_an_old_token_cost_nothing_and_of_the_current_one_fetch_once`, `a_revoked_token_costs_one_fetch_however_many_requests_were_refused`; `stores`: `a_refused_token_is_not_adopted_again_when_only_its_refresh_token_is_new` |
//! | C9 | replayed at most once; the same token again: the 401 is the answer | `refusals`: `a_request_is_replayed_at_most_once`, `when_the_new_token_is_the_old_one_the_refusal_is_the_answer`, `a_body_that_cannot_be_copied_is_sent_once` |
//! | C10 | a server that always says 401: bounded | `refusals`: `a_server_that_always_says_401_does_not_cost_a_fetch_for_each_request`, `successes_in_between_do_not_lift_the_limit_on_refreshes`, `a_new_session_has_its_own_count_of_refusals`; tokens that live for seconds: `a_server_that_ends_short_lived_tokens_in_whole_seconds_costs_callers_no_401`, `a_server_that_always_refuses_short_lived_tokens_costs_four_fetches_for_each_lifetime` |
//! | C11 | refreshing ahead runs aside; its failure is invisible | `expiry`: `refreshing_ahead_runs_aside_while_the_old_value_is_used`, `a_refresh_ahead_that_fails_is_noticed_by_nobody_before_the_value_expires` |
//! | C12 | replicas do not refresh in the same second | `expiry`: `replicas_refresh_at_different_moments` |
//! | C13 | the margin is at most a part of the lifetime | `expiry`: `a_margin_larger_than_the_lifetime_does_not_fetch_for_each_request`; `stores`: `a_token_that_lives_for_less_than_the_margin_is_adopted` |
//! | C14 | every lifetime has a defined result | `expiry`: `every_lifetime_has_a_defined_result`; its forms in JSON: `tower-auth-oauth2` |
//! | C15 | clocks that jump | `expiry`: `setting_the_time_of_day_changes_nothing_for_what_was_fetched_here`, `an_end_by_the_time_of_day_is_the_earlier_of_both_clocks`, `after_a_jump_of_the_clock_a_refusal_heals_it`; `stores`: `what_came_from_the_store_ends_by_the_time_of_day_when_the_machine_slept`, `what_is_in_the_store_survives_a_time_of_day_that_is_wrong` |
//! | C16 | an answer without refresh token keeps the old one | `stores`: `an_answer_without_a_refresh_token_keeps_the_old_one` |
//! | C17 | `invalid_grant`: read the store again, adopt, remove only what is ours | `stores`: `after_invalid_grant_…` (three), `what_is_worthless_and_cannot_be_removed_is_not_tried_again`, `what_is_worthless_is_not_saved_later` |
//! | C18 | a server that is down never costs the refresh token | `stores`: `a_server_that_is_down_never_costs_the_refresh_token` |
//! | C19 | two processes, one store: one refresh | `processes`: `two_processes_with_fifty_tasks_each_make_one_refresh`, `fifty_rounds_with_a_kill_lose_no_session_and_break_no_file` |
//! | C20 | the lock of a killed process is free | `processes`: `a_lock_is_free_as_soon_as_its_process_is_killed` |
//! | C21 | killed while saving, or the disk is full: the old file or the new one; durable before it is used | `processes`: `a_kill_in_the_middle_of_saving_leaves_the_old_file_or_the_new_one`, `a_disk_that_is_full_in_the_middle_of_saving_leaves_the_old_file`, `fifty_rounds_with_a_kill_…` |
//! | C22 | broken, foreign and huge files, other entries, modes, links and pipes | `files`: `a_broken_file_is_set_aside_and_never_overwritten`, `a_file_of_a_gigabyte_is_not_read_and_is_set_aside`, `entries_that_are_not_understood_stay_as_they_are`, `only_the_owner_can_read_the_file_and_the_locks`, `a_link_a_directory_and_a_pipe_are_refused_and_left_alone`, `a_save_that_would_be_too_large_fails_alone_and_nothing_is_set_aside`, `an_entry_can_be_removed_from_a_file_that_is_full`, `a_file_that_others_can_write_is_neither_believed_nor_changed`, `what_is_set_aside_can_be_read_by_its_owner_only`, `lock_files_of_keys_do_not_pile_up_and_one_has_the_lock` |
//! | C23 | a store that fails or is slow: the token is used, the error reported, the save tried again | `stores`: `a_store_that_is_slow_to_save_delays_a_request_by_seconds_and_loses_nothing`, `a_store_that_hangs_while_it_saves_fails_no_request`, `a_token_that_cannot_be_saved_is_used_and_reported_and_saved_later`, `what_could_not_be_saved_is_not_replaced_by_what_was_there_before`, `after_forgetting_what_could_not_be_saved_is_used_and_not_what_was_there_before`, `what_could_not_be_saved_does_not_replace_what_others_saved_since`; `files`: `a_file_that_is_marked_read_only_survives_and_the_request_goes_out`, `a_directory_that_is_not_there_is_reported_once_and_the_request_goes_out` |
//! | C24 | logging out during a refresh is not undone by it | `expiry`: `clearing_during_a_fetch_is_not_undone_by_it`; `stores`: `logging_out_…` (three), `when_another_process_logged_out_the_old_refresh_token_is_not_used` |
//! | C25 | nothing outlives its runtime or its last handle; no runtime is needed | `single_flight`: `no_task_is_left_when_nothing_is_fetched`, `when_the_runtime_is_shut_down_…`, `without_a_runtime_…` (four), `an_attempt_on_a_runtime_that_nobody_drives_is_given_up` |
//! | C26 | DPoP: key and nonces | `tower-auth-oauth2` |
//! | C27 | tokens go to allowed origins only | `tower-auth-core`, `tests/scope.rs`: `inside_follow_redirect_a_fetched_token_does_not_reach_another_origin_either` |
//! | C28 | without a token nothing is sent | `request_path`: `without_a_token_nothing_is_sent`, `when_no_other_token_can_be_had_the_request_is_not_sent_again` |
//! | C29 | the token endpoint: redirects, size, time, https | `tower-auth-oauth2`; the time: `single_flight`: `a_fetch_that_takes_too_long_is_given_up` |
//! | C30 | no secret is shown | `request_path`: `no_public_type_prints_a_token`; `tracing`: `no_token_reaches_tracing_or_an_error`; `files`: `errors_of_a_store_do_not_show_tokens` |
//! | C31 | a request that waits holds no permit of the client | `request_path`: `a_request_that_waits_for_a_token_leaves_the_client_to_the_fetch` |
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `file` | `store::FileStore`: tokens in a JSON file that processes share, Python's httpx_auth among them |
//! | `keyring` | `store::KeyringStore`: tokens in the keyring of the operating system |

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(unnameable_types)]

mod auth;
mod cache;
mod challenge;
mod failure;
mod fetched;
mod lend;
mod map;
mod members;
mod placed;
mod proof_key;
mod source;
pub mod store;
mod token;

pub use self::{
    auth::{Judge, SentToken, TokenAuth},
    cache::{Acquire, Cache, CacheBuilder, Current, ValueId},
    challenge::is_token_refused,
    failure::Failure,
    fetched::{Fetched, lifetime_from_seconds},
    lend::{AcquireLoan, Lender, Loan},
    map::CacheMap,
    placed::{Placed, Placing},
    proof_key::ProofKey,
    source::{DEFAULT_EARLY_EXPIRY, Demand, Reason, Source},
    token::{AccessToken, Token},
};
