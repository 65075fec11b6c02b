//! A server whose latency is known because we set it: enough of PostgreSQL's protocol for the harness's own sessions,
//! and behind it a clock instead of a database.
//!
//! By hand: a few messages with constant answers. The crates that serve the protocol bring a query interface, type
//! encoders and TLS, and would stand between the clock and the wire.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_postgres::Config;

use crate::timer::Timer;

/// The statement whose answers take the latency; all others are answered at once.
pub const STATEMENT: &str = "SELECT 1 AS measured, 1 AS one";

/// When a request received at a moment is to be answered.
pub type Latency = Arc<dyn Fn(Instant) -> Instant + Send + Sync>;

/// A running server; ends with its connections when dropped.
pub struct SyntheticServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SyntheticServer {
    /// # Errors
    /// No port or thread is to be had.
    pub fn start(latency: Latency) -> io::Result<SyntheticServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("synthetic".to_owned())
            .spawn(move || serve(listener, &latency, stopped, &runtime))?;
        Ok(SyntheticServer { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Answers each request this much after it was received.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn constant(latency: Duration) -> io::Result<SyntheticServer> {
        SyntheticServer::start(Arc::new(move |received| received + latency))
    }

    pub fn config(&self) -> Config {
        let mut config = Config::new();
        config
            .host(self.address.ip().to_string())
            .port(self.address.port())
            .user("selftest")
            .dbname("selftest");
        config
    }
}

impl Drop for SyntheticServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("the synthetic server's thread panicked");
        }
    }
}

fn serve(listener: TcpListener, latency: &Latency, stopped: oneshot::Receiver<()>, runtime: &Runtime) {
    runtime.block_on(async move {
        let listener = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return eprintln!("the synthetic server can't listen: {error}"),
        };
        let mut connections = JoinSet::new();
        let accepting = async {
            // A client sees for itself that it is not let in any more.
            while let Ok((stream, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                let latency = latency.clone();
                // A client that goes away ends its connection; nothing is lost with it.
                connections.spawn(async move { drop(converse(stream, latency).await) });
            }
        };
        tokio::select! {
            // The sender is never used, only dropped.
            _ = stopped => {}
            () = accepting => {}
        }
    });
}

const CANCEL_REQUEST: u32 = 80_877_102;
const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;

async fn converse(mut stream: TcpStream, latency: Latency) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut timer = Timer::new()?;
    let mut received = BytesMut::new();
    let answers = Answers::new();
    // The first message has no type; a client may ask for encryption before it.
    loop {
        let mut body = frame(&mut stream, &mut received, 0).await?;
        match body.try_get_u32().unwrap_or_default() {
            CANCEL_REQUEST => return Ok(()),
            SSL_REQUEST | GSS_REQUEST => stream.write_all(b"N").await?,
            _ => break,
        }
    }
    stream.write_all(&answers.welcome).await?;
    let mut measured = false;
    loop {
        let mut message = frame(&mut stream, &mut received, 1).await?;
        let now = Instant::now();
        match message.get_u8() {
            // Parse: the name, empty, and then the statement.
            b'P' => measured = message.get(1..).is_some_and(|sql| sql.starts_with(STATEMENT.as_bytes())),
            b'S' => {
                if measured {
                    timer.until(latency(now)).await?;
                }
                stream.write_all(&answers.row).await?;
            }
            b'Q' => stream.write_all(&answers.done).await?,
            b'X' => return Ok(()),
            _ => {}
        }
    }
}

/// The next message: its type, when it has one (`typed` is 1), and its body, without the length.
async fn frame(stream: &mut TcpStream, received: &mut BytesMut, typed: usize) -> io::Result<BytesMut> {
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "a message shorter than its own length");
    loop {
        if let Some(mut header) = received.get(typed..typed + 4) {
            let length = typed + header.get_u32() as usize;
            if length < typed + 4 {
                return Err(malformed());
            }
            if received.len() >= length {
                let mut message = received.split_to(length);
                let kind = message.split_to(typed);
                message.advance(4);
                let mut whole = kind;
                whole.unsplit(message);
                return Ok(whole);
            }
        }
        if stream.read_buf(received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// What is answered, ready to be sent.
struct Answers {
    /// To the first message: authenticated, and ready.
    welcome: BytesMut,
    /// To one unnamed statement: one row of two bigints.
    row: BytesMut,
    /// To a simple query.
    done: BytesMut,
}

impl Answers {
    fn new() -> Answers {
        let mut welcome = BytesMut::new();
        message(&mut welcome, b'R', |body| body.put_u32(0));
        for (name, value) in [("server_version", "15.0"), ("client_encoding", "UTF8")] {
            message(&mut welcome, b'S', |body| {
                text(body, name);
                text(body, value);
            });
        }
        message(&mut welcome, b'K', |body| {
            body.put_u32(1);
            body.put_u32(1);
        });
        ready(&mut welcome);

        let mut row = BytesMut::new();
        message(&mut row, b'1', |_| {});
        message(&mut row, b'2', |_| {});
        message(&mut row, b't', |body| body.put_u16(0));
        message(&mut row, b'T', |body| {
            body.put_u16(2);
            for name in ["measured", "one"] {
                text(body, name);
                body.put_u32(0); // no table
                body.put_u16(0); // no column of it
                body.put_u32(20); // bigint
                body.put_u16(8);
                body.put_i32(-1);
                body.put_u16(1); // binary
            }
        });
        message(&mut row, b'D', |body| {
            body.put_u16(2);
            for _ in 0..2 {
                body.put_u32(8);
                body.put_u64(1);
            }
        });
        message(&mut row, b'C', |body| text(body, "SELECT 1"));
        ready(&mut row);

        let mut done = BytesMut::new();
        message(&mut done, b'C', |body| text(body, "SET"));
        ready(&mut done);
        Answers { welcome, row, done }
    }
}

fn message(out: &mut BytesMut, kind: u8, fill: impl FnOnce(&mut BytesMut)) {
    let mut body = BytesMut::new();
    fill(&mut body);
    out.put_u8(kind);
    out.put_u32(body.len() as u32 + 4);
    out.put(body);
}

fn ready(out: &mut BytesMut) {
    message(out, b'Z', |body| body.put_u8(b'I'));
}

fn text(out: &mut BytesMut, text: &str) {
    out.put(text.as_bytes());
    out.put_u8(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::session::{Bound, Session};

    #[tokio::test]
    async fn sessions_of_the_harness_are_answered_after_the_latency() {
        let latency = Duration::from_millis(20);
        let server = SyntheticServer::constant(latency).unwrap();
        let session = Session::open(&server.config(), Duration::from_secs(5)).await.unwrap();
        session.batch("BEGIN").await.unwrap();
        let bound = |sql: &str| Bound { sql: sql.to_owned(), types: Vec::new() };
        for _ in 0..3 {
            let answer = session.execute(&bound(STATEMENT), &Vec::new()).await.unwrap();
            assert!(answer.rows == 1 && answer.elapsed >= latency, "{answer:?}");
        }
        let rows = session.rows(&bound("SELECT other"), &Vec::new()).await.unwrap();
        assert_eq!((rows[0].get::<_, i64>(0), rows[0].get::<_, i64>(1)), (1, 1));
        let again = session.execute(&bound(STATEMENT), &Vec::new()).await.unwrap();
        assert!(again.elapsed >= latency);
        session.cancel().await.unwrap();
    }
}
