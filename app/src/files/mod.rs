//! Files that the visitor drops or picks. Their contents stay where they are: the page hands
//! references to the worker, which reads them on this machine.

pub mod drop;
pub mod guess;
pub mod pick;
pub mod picked;
pub mod walk;
