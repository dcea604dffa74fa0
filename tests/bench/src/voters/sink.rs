//! An SMTP server that takes every mail and keeps none.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The server. It ends when it is dropped.
pub(super) struct Sink {
    pub(super) address: SocketAddr,
    taken: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Sink {
    /// Listens on this machine.
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (address, taken) = (listener.local_addr()?, Arc::<AtomicUsize>::default());
        let count = Arc::clone(&taken);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                // A client that breaks off has lost its mail: the benchmark waits for it in vain, and fails.
                tokio::spawn(async move { drop(talk(stream, &count).await) });
            }
        });
        Ok(Self { address, taken, server })
    }

    /// How many mails it has taken.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

/// Takes the mails of one connection (RFC 5321).
async fn talk(stream: TcpStream, taken: &AtomicUsize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(b"220 sink\r\n").await?;
    let (mut line, mut in_data) = (Vec::new(), false);
    while stream.read_until(b'\n', &mut line).await? > 0 {
        let word = line.split(|byte| b" \r".contains(byte)).next().unwrap_or_default();
        let answer = match word {
            b"." if in_data => {
                taken.fetch_add(1, Ordering::Relaxed);
                in_data = false;
                "250 taken\r\n"
            }
            _ if in_data => "",
            b"EHLO" => "250 sink\r\n",
            b"DATA" => {
                in_data = true;
                "354 go on\r\n"
            }
            b"QUIT" => return stream.get_mut().write_all(b"221 bye\r\n").await,
            _ => "250 ok\r\n",
        };
        stream.get_mut().write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}
