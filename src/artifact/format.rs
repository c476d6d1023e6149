/// The format that this version writes and reads.
pub const FORMAT: u32 = 1;

/// The largest artifact, in bytes: 4 MiB.
pub const MAX_BYTES: usize = 4 << 20;
