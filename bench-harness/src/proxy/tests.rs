//! Over the loopback. How little *more* than asked the delay is depends on the machine and is `selftest`'s to measure;
//! that it is never less, that order and counts are right, holds anywhere.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use super::*;

/// Sends back whatever comes, on each connection, until its client ends.
fn echo() -> Upstream {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut reader = stream.try_clone().unwrap();
                // A proxy that ends resets its connections.
                let _ = std::io::copy(&mut reader, &mut stream);
                let _ = stream.shutdown(Shutdown::Write);
            });
        }
    });
    Upstream::Tcp { host: "127.0.0.1".to_owned(), port }
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn exchange(stream: &mut TcpStream, message: &[u8]) -> Duration {
    let start = Instant::now();
    stream.write_all(message).unwrap();
    let mut answer = vec![0; message.len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, message);
    start.elapsed()
}

const RTT: Duration = Duration::from_millis(20);

#[test]
fn no_round_trip_is_shorter_than_asked_and_all_are_counted() {
    let proxy = Proxy::start(echo(), RTT).unwrap();
    let start = Instant::now();
    let mut stream = connect(&proxy);
    exchange(&mut stream, b"first");
    assert!(start.elapsed() >= 2 * RTT, "setting up takes a round trip: {:?}", start.elapsed());
    for _ in 0..5 {
        let elapsed = exchange(&mut stream, b"hello");
        assert!(elapsed >= RTT, "{elapsed:?}");
    }
    let counted = proxy.counted();
    assert_eq!((counted.connections, counted.round_trips), (1, 6));
    assert_eq!((counted.bytes_to_server, counted.bytes_to_client), (30, 30));
    // An echo is no PostgreSQL.
    assert_eq!((counted.ready_for_query, counted.opaque), (0, 1));
}

#[test]
fn chunks_are_pipelined_in_order() {
    let proxy = Proxy::start(echo(), RTT).unwrap();
    let mut stream = connect(&proxy);
    let mut reader = stream.try_clone().unwrap();
    let start = Instant::now();
    let writer = std::thread::spawn(move || {
        for number in 0..50_u32 {
            stream.write_all(&number.to_be_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(1));
        }
        stream.shutdown(Shutdown::Write).unwrap();
    });
    let mut all = Vec::new();
    // The end travels too: the echo ends when its client has.
    reader.read_to_end(&mut all).unwrap();
    writer.join().unwrap();
    let numbers: Vec<u32> = all.chunks(4).map(|four| u32::from_be_bytes(four.try_into().unwrap())).collect();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    // One after the other they would take 50 round trips, 1 s.
    assert!(start.elapsed() < 25 * RTT, "{:?}", start.elapsed());
    assert_eq!(proxy.stop().broken, 0);
}

#[test]
fn more_than_a_window_arrives_whole() {
    let proxy = Proxy::start(echo(), Duration::from_millis(2)).unwrap();
    let mut stream = connect(&proxy);
    let mut reader = stream.try_clone().unwrap();
    let sent: Vec<u8> = (0..8_000_000_u32).map(|n| (n % 251) as u8).collect();
    let expected = sent.clone();
    let writer = std::thread::spawn(move || {
        stream.write_all(&sent).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
    });
    let mut all = Vec::new();
    reader.read_to_end(&mut all).unwrap();
    writer.join().unwrap();
    assert!(all == expected, "{} bytes came back", all.len());
}

#[test]
fn a_unix_socket_is_reached_over_tcp() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = stream.try_clone().unwrap();
        std::io::copy(&mut reader, &mut stream).unwrap();
    });
    let proxy = Proxy::start(Upstream::Unix(path), RTT).unwrap();
    let mut stream = connect(&proxy);
    assert!(exchange(&mut stream, b"hello") >= 2 * RTT);
    assert_eq!(proxy.counted().round_trips, 1);
}

#[test]
fn a_server_that_is_not_there_is_reported() {
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let upstream = Upstream::Tcp { host: "127.0.0.1".to_owned(), port: gone };
    let proxy = Proxy::start(upstream, Duration::ZERO).unwrap();
    let mut stream = connect(&proxy);
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0, "the connection is ended");
    let Counted { broken, first_error, .. } = proxy.stop();
    let error = first_error.unwrap();
    assert!(broken == 1 && error.contains(&format!("connecting to 127.0.0.1:{gone}")), "{error}");
}

#[test]
fn a_proxy_that_ends_ends_its_connections() {
    let proxy = Proxy::start(echo(), Duration::ZERO).unwrap();
    let mut stream = connect(&proxy);
    exchange(&mut stream, b"x");
    let address = proxy.address();
    proxy.stop();
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_configuration_keeps_all_but_where_it_leads() {
    let proxy = Proxy::start(echo(), Duration::ZERO).unwrap();
    let config: Config =
        "host=db port=5433 user=u password=p dbname=d application_name=a options='-c x=y'".parse().unwrap();
    let led = proxy.lead(&config);
    assert_eq!(led.get_ports(), [proxy.address().port()]);
    assert_eq!(led.get_hostaddrs(), [proxy.address().ip()]);
    assert_eq!((led.get_user(), led.get_password()), (Some("u"), Some(&b"p"[..])));
    assert_eq!((led.get_dbname(), led.get_application_name()), (Some("d"), Some("a")));
    assert_eq!(led.get_options(), Some("-c x=y"));
}
