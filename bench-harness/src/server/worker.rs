//! A small runtime of the server's own, so that its blocking API works inside and outside of async code.

use tokio::runtime::{Builder, Handle, Runtime};

use super::error::ServerError;

pub(super) struct Worker {
    /// None only while being dropped.
    runtime: Option<Runtime>,
}

impl Worker {
    pub fn new() -> Result<Self, ServerError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("indexproof-server")
            .enable_all()
            .build()
            .map_err(ServerError::Runtime)?;
        Ok(Worker { runtime: Some(runtime) })
    }

    /// Runs async code to its end. Blocks the calling thread, whether that belongs to a runtime or not.
    pub fn run<T: Send>(&self, action: impl AsyncFnOnce() -> T + Send) -> T {
        let Some(runtime) = &self.runtime else { unreachable!("the runtime is taken only by drop") };
        if Handle::try_current().is_err() {
            return runtime.block_on(action());
        }
        // tokio refuses to block inside a runtime, so the waiting is done by a thread outside of it.
        std::thread::scope(|scope| match scope.spawn(|| runtime.block_on(action())).join() {
            Ok(output) => output,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A plain drop would panic when the last owner goes away inside async code.
            runtime.shutdown_background();
        }
    }
}
