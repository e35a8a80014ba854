//! The types of the elements of safetensors.

/// The types of safetensors elements, in the order of the archive's columns.
pub(crate) const DTYPES: [&str; 20] = [
    "BF16", "F32", "F8_E4M3", "U8", "I64", "F8_E8M0", "I8", "I32", "F16", "U32", "BOOL", "I16",
    "U16", "C64", "F64", "miku", "fastllm", "F8_E5M2", "U64", "F6_E2M3",
];
pub(crate) const BF16: usize = 0;
pub(crate) const F32: usize = 1;
pub(crate) const F16: usize = 8;
