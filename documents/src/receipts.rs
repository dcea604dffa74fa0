//! Receipts as bytes: blocks of sorted digests, each small enough to be looked up with one read.

use photovote_domain::{Digest, Receipt};

/// How many receipts a block has at most: with its keys it is an item of less than 4 KB, which is half a read unit.
const AT_ONCE: usize = 120;
/// A digest's bytes.
const LENGTH: usize = 32;

/// Receipts of one shard that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptBlock {
    first: Digest,
    bytes: Vec<u8>,
}

impl ReceiptBlock {
    /// The blocks of all receipts of a shard. Equal sets of receipts have equal blocks.
    pub fn all(mut receipts: Vec<Digest>) -> Vec<Self> {
        receipts.sort_unstable();
        receipts.dedup();
        let block = |receipts: &[Digest]| {
            let bytes = receipts.iter().flat_map(Digest::as_bytes).copied().collect();
            receipts.first().map(|first| Self { first: *first, bytes })
        };
        receipts.chunks(AT_ONCE).filter_map(block).collect()
    }

    /// The receipt that the block is stored under: its first.
    pub const fn first(&self) -> &Digest {
        &self.first
    }

    /// The digests, one after the other.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Is this receipt in a stored block?
pub fn block_has(block: &[u8], receipt: &Receipt) -> bool {
    let (digests, _rest) = block.as_chunks::<LENGTH>();
    digests.binary_search(receipt.digest().as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use photovote_domain::Hasher;

    use super::*;

    fn receipt(number: usize) -> Receipt {
        format!("3-{}", digest(number)).parse().unwrap()
    }

    fn digest(number: usize) -> Digest {
        Hasher::new("test").part(&number.to_be_bytes()).finish()
    }

    #[test]
    fn every_counted_receipt_is_found_in_its_block() {
        for count in [0, 1, AT_ONCE, AT_ONCE + 1, 1_000] {
            let blocks = ReceiptBlock::all((0..count).map(digest).collect());
            assert_eq!(blocks.len(), count.div_ceil(AT_ONCE));
            let found = |receipt: &Receipt| {
                let before = blocks.iter().rfind(|block| block.first() <= receipt.digest());
                before.is_some_and(|block| block_has(block.as_bytes(), receipt))
            };
            assert!((0..count).all(|number| found(&receipt(number))));
            assert!((count..count + 500).all(|number| !found(&receipt(number))));
        }
    }

    #[test]
    fn receipt_blocks_hide_the_order_of_the_ballots() {
        let digests: Vec<_> = (0..300).map(digest).collect();
        let backwards: Vec<_> = digests.iter().rev().chain(&digests[..7]).copied().collect();
        assert_eq!(ReceiptBlock::all(digests), ReceiptBlock::all(backwards));
    }

    #[test]
    fn a_block_is_an_item_of_less_than_four_kilobytes() {
        let blocks = ReceiptBlock::all((0..1_000).map(digest).collect());
        // The longest partition key, the sort key, and the attributes' names.
        let keys = 32 + "#receipts#".len() + 26 + "#63".len() + 64 + "pkskreceipts".len();
        assert!(blocks.iter().all(|block| keys + block.as_bytes().len() < 4_096));
    }
}
