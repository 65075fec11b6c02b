//! One connection through the proxy: two pumps, one a direction, each of which delivers what it receives a fixed time
//! later.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::counts::{Conversation, Counters, ServerMessages};
use super::upstream::Upstream;
use crate::timer::Timer;

/// Read at once at most.
const CHUNK_BYTES: usize = 64 << 10;
/// On its way in one direction of a connection at most; a sender beyond it waits, as it would for a full window.
const WINDOW_BYTES: usize = 32 << 20;

/// Relays one accepted connection until both sides have ended it.
pub(super) async fn relay(
    client: TcpStream,
    upstream: &Upstream,
    rtt: Duration,
    counters: &Counters,
) -> io::Result<()> {
    // The system accepts before we are asked. What it takes a distant client to connect is made up for by holding back
    // what that client says first.
    let connected = Instant::now() + rtt;
    let mut timer = Timer::new()?;
    let server = match upstream.connect().await {
        Ok(server) => server,
        Err(error) => {
            timer.until(connected).await?;
            return Err(io::Error::new(error.kind(), format!("connecting to {upstream}: {error}")));
        }
    };
    client.set_nodelay(true)?;
    let conversation = Conversation::new(counters);
    let mut messages = ServerMessages::default();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server;
    let one_way = rtt / 2;
    let there =
        pump(from_client, to_server, connected, one_way, |bytes| conversation.client_spoke(bytes), || {});
    let back = pump(
        from_server,
        to_client,
        connected,
        rtt - one_way,
        |bytes| conversation.server_spoke(bytes, &mut messages),
        || conversation.client_is_answered(),
    );
    tokio::try_join!(there, back)?;
    Ok(())
}

/// Something received, or the end, with the moment it is to be delivered.
struct Chunk {
    bytes: Bytes,
    due: Instant,
    /// Gives its room in the window back when delivered.
    _room: Option<OwnedSemaphorePermit>,
}

/// Delivers what arrives from one side to the other, each chunk `delay` after it was received, and then the end.
/// Receiving never waits for delivering: any number of chunks are on their way at once, in order.
async fn pump(
    from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    not_before: Instant,
    delay: Duration,
    received: impl FnMut(&[u8]),
    delivering: impl Fn(),
) -> io::Result<()> {
    let (sender, receiver) = unbounded_channel();
    let due = move |now: Instant| now.max(not_before) + delay;
    tokio::try_join!(receive(from, sender, due, received), deliver(to, receiver, delivering))?;
    Ok(())
}

async fn receive(
    mut from: impl AsyncRead + Unpin,
    sender: UnboundedSender<Chunk>,
    due: impl Fn(Instant) -> Instant,
    mut received: impl FnMut(&[u8]),
) -> io::Result<()> {
    let window = Arc::new(Semaphore::new(WINDOW_BYTES));
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let length = from.read(&mut buffer).await?;
        let due = due(Instant::now());
        let bytes = Bytes::copy_from_slice(&buffer[..length]);
        received(&bytes);
        let room = match length {
            0 => None,
            length => window.clone().acquire_many_owned(length as u32).await.ok(),
        };
        // Nobody receives any more: the other side is gone, and `deliver` says how.
        if sender.send(Chunk { bytes, due, _room: room }).is_err() || length == 0 {
            return Ok(());
        }
    }
}

async fn deliver(
    mut to: impl AsyncWrite + Unpin,
    mut receiver: UnboundedReceiver<Chunk>,
    delivering: impl Fn(),
) -> io::Result<()> {
    let mut timer = Timer::new()?;
    while let Some(Chunk { bytes, due, .. }) = receiver.recv().await {
        timer.until(due).await?;
        if bytes.is_empty() {
            // The end of one direction only: the other may still speak.
            return match to.shutdown().await {
                Err(error) if error.kind() != io::ErrorKind::NotConnected => Err(error),
                _ => Ok(()),
            };
        }
        delivering();
        to.write_all(&bytes).await?;
    }
    Ok(())
}
