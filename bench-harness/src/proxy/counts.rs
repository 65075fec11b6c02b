//! What a proxy counts: round trips two ways, bytes, and connections that broke.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What went through a proxy so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Connections accepted; setting each up takes a round trip that is in none of the other numbers.
    pub connections: u64,
    /// Times a client spoke after it had been answered, or for the first time: what it had to wait for, whatever the
    /// protocol. Logging in takes some.
    pub round_trips: u64,
    /// ReadyForQuery messages of the server: one after logging in, then one for each Sync or simple query.
    pub ready_for_query: u64,
    /// Connections whose messages could not be read (encrypted, or no PostgreSQL): not in `ready_for_query`.
    pub opaque: u64,
    pub bytes_to_server: u64,
    pub bytes_to_client: u64,
    /// Connections that ended in an error, and the first error.
    pub broken: u64,
    pub first_error: Option<String>,
}

/// Counters that all connections share.
#[derive(Default)]
pub(super) struct Counters {
    connections: AtomicU64,
    round_trips: AtomicU64,
    ready_for_query: AtomicU64,
    opaque: AtomicU64,
    bytes_to_server: AtomicU64,
    bytes_to_client: AtomicU64,
    broken: AtomicU64,
    first_error: Mutex<Option<String>>,
}

fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

impl Counters {
    pub fn accepted(&self) {
        add(&self.connections, 1);
    }

    pub fn broke(&self, error: String) {
        add(&self.broken, 1);
        // A thread that panicked while it held this lock left a whole message or none.
        let mut first = self.first_error.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        first.get_or_insert(error);
    }

    pub fn read(&self) -> Counted {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let first = self.first_error.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        Counted {
            connections: read(&self.connections),
            round_trips: read(&self.round_trips),
            ready_for_query: read(&self.ready_for_query),
            opaque: read(&self.opaque),
            bytes_to_server: read(&self.bytes_to_server),
            bytes_to_client: read(&self.bytes_to_client),
            broken: read(&self.broken),
            first_error: first.clone(),
        }
    }
}

/// The conversation on one connection, as far as counting needs it.
pub(super) struct Conversation<'a> {
    counters: &'a Counters,
    /// The client has been answered since it last began to speak.
    answered: AtomicBool,
}

impl<'a> Conversation<'a> {
    pub fn new(counters: &'a Counters) -> Self {
        // Nobody has to be answered before speaking for the first time.
        Conversation { counters, answered: AtomicBool::new(true) }
    }

    /// The client sent something.
    pub fn client_spoke(&self, bytes: &[u8]) {
        if self.answered.swap(false, Ordering::Relaxed) {
            add(&self.counters.round_trips, 1);
        }
        add(&self.counters.bytes_to_server, bytes.len() as u64);
    }

    /// The server sent something.
    pub fn server_spoke(&self, bytes: &[u8], messages: &mut ServerMessages) {
        add(&self.counters.bytes_to_client, bytes.len() as u64);
        let was_opaque = messages.opaque();
        add(&self.counters.ready_for_query, messages.read(bytes));
        if messages.opaque() && !was_opaque {
            add(&self.counters.opaque, 1);
        }
    }

    /// What the server sent is about to reach the client: only now can it react to it. A client that sends more while
    /// the answer is on its way pipelines, and waits for nothing.
    pub fn client_is_answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }
}

/// Reads the headers of a server's messages (a type byte and a length) from chunks cut anywhere.
#[derive(Default)]
pub(super) struct ServerMessages {
    header: [u8; 5],
    have: usize,
    /// Bytes of the current message still to come.
    body: u64,
    state: Reading,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Reading {
    #[default]
    First,
    Messages,
    Opaque,
}

impl ServerMessages {
    pub fn opaque(&self) -> bool {
        self.state == Reading::Opaque
    }

    /// ReadyForQuery messages that begin in these bytes.
    pub fn read(&mut self, mut bytes: &[u8]) -> u64 {
        let mut ready = 0;
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.state == Reading::First {
                // A server opens with a request for authentication, an error, or a word on the protocol's version.
                // Anything else is an answer to a request for encryption, or another protocol.
                self.state =
                    if matches!(byte, b'R' | b'E' | b'v') { Reading::Messages } else { Reading::Opaque };
            }
            if self.state == Reading::Opaque {
                return ready;
            }
            if self.body > 0 {
                let skipped = self.body.min(bytes.len() as u64);
                self.body -= skipped;
                bytes = &bytes[skipped as usize..];
                continue;
            }
            self.header[self.have] = byte;
            self.have += 1;
            bytes = rest;
            if self.have == self.header.len() {
                self.have = 0;
                let [kind, length @ ..] = self.header;
                // The length counts itself.
                match u64::from(u32::from_be_bytes(length)).checked_sub(4) {
                    Some(body) => self.body = body,
                    None => self.state = Reading::Opaque,
                }
                ready += u64::from(kind == b'Z');
            }
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u32 + 4).to_be_bytes();
        [&[kind], &length[..], body].concat()
    }

    /// Logging in, then answers, one of which holds bytes that look like a ReadyForQuery.
    fn stream() -> Vec<u8> {
        let decoy = message(b'Z', b"I");
        [
            message(b'R', &[0; 4]),
            message(b'Z', b"I"),
            message(b'D', &decoy),
            message(b'Z', b"I"),
            message(b'1', b""),
            message(b'Z', b"I"),
        ]
        .concat()
    }

    proptest! {
        #[test]
        fn chunks_may_be_cut_anywhere(cuts in proptest::collection::vec(0usize..60, 0..8)) {
            let stream = stream();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let mut messages = ServerMessages::default();
            let ready: u64 = cuts.windows(2).map(|cut| messages.read(&stream[cut[0]..cut[1]])).sum();
            prop_assert_eq!(ready, 3);
            prop_assert!(!messages.opaque());
        }
    }

    #[test]
    fn what_is_no_plain_postgresql_is_not_read() {
        for first in [&b"S"[..], b"N", b"HTTP/1.1 200 OK", b"R\0\0\0\x01"] {
            let mut messages = ServerMessages::default();
            assert_eq!(messages.read(first), 0);
            assert!(messages.opaque(), "{first:?}");
        }
    }

    #[test]
    fn a_round_trip_is_speaking_after_an_answer() {
        let counters = Counters::default();
        let conversation = Conversation::new(&counters);
        conversation.client_spoke(b"ab");
        conversation.client_spoke(b"c");
        assert_eq!(counters.read().round_trips, 1, "one request in two pieces");
        // The answer is on its way, not there: what the client sends meanwhile is pipelined.
        conversation.server_spoke(&message(b'R', b""), &mut ServerMessages::default());
        conversation.client_spoke(b"d");
        assert_eq!(counters.read().round_trips, 1);
        conversation.client_is_answered();
        conversation.client_spoke(b"e");
        let Counted { round_trips, bytes_to_server, bytes_to_client, .. } = counters.read();
        assert_eq!((round_trips, bytes_to_server, bytes_to_client), (2, 5, 5));
    }

    #[test]
    fn the_first_error_is_kept() {
        let counters = Counters::default();
        counters.broke("first".to_owned());
        counters.broke("second".to_owned());
        let Counted { broken, first_error, .. } = counters.read();
        assert_eq!((broken, first_error.as_deref()), (2, Some("first")));
    }
}
