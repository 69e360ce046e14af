//! The members of a query, laid out so that those of rows are looked up fast.

use super::TABLE;
use crate::points::sets;
use bumpalo::Bump;
use multiversion::multiversion;
use multiversion::target::match_target;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    _mm512_and_si512, _mm512_permutex2var_epi32, _mm512_rorv_epi32, _mm512_set1_epi32, _mm512_srli_epi32,
    _mm512_test_epi32_mask,
};

/// Members that are looked up together: as many as a vector register holds.
const GROUP: usize = 16;
/// Groups of a piece.
const GROUPS: usize = 256;
/// Members of a piece: 16 KiB, which stay in the first-level cache.
pub const PIECE: usize = GROUP * GROUPS;
/// Bits of a table of members that are too many for one bit each.
const FOLDED: usize = 1 << 16;

/// A query, in whose members others are looked up.
pub struct MemberTable<'a> {
    of: &'a [u32],
    /// A bit for each member, 64 to a word, as many words as a power of two; larger members begin again at the first bit.
    bits: &'a [u64],
    /// Whether each member has a bit of its own.
    whole: bool,
    signature: Signature,
}

/// Two filters of 1024 bits each: a member that the query has is in both. Each fits into two vector registers.
#[derive(Clone, Copy, Default)]
struct Signature {
    /// Bit `b` of word `a` for the members whose number ends with the five binary digits of `b`, then the five of `a`.
    last: [[u32; GROUP]; 2],
    /// The same of `c` and `a`: bit `a` of word `c` for those that end with `c`, five others, then `a`.
    around: [[u32; GROUP]; 2],
}

/// Places in a piece.
pub struct Places {
    groups: [u16; GROUPS],
    members: [u16; PIECE],
}

impl Default for Places {
    fn default() -> Self {
        Self { groups: [0; GROUPS], members: [0; PIECE] }
    }
}

impl Signature {
    fn new(of: &[u32]) -> Self {
        let mut signature = Self::default();
        for &member in of {
            let [a, b, c] = [0, 5, 10].map(|digits| (member >> digits) as usize % 32);
            signature.last[a / GROUP][a % GROUP] |= 1 << b;
            signature.around[c / GROUP][c % GROUP] |= 1 << a;
        }
        signature
    }
}

impl<'a> MemberTable<'a> {
    /// Lays out `of`, whose members are below `dim`.
    pub fn new(of: &'a [u32], dim: usize, arena: &'a Bump) -> Self {
        let whole = dim <= TABLE;
        let size = if whole { dim } else { FOLDED };
        let bits = arena.alloc_slice_fill_copy(size.div_ceil(64).next_power_of_two(), 0_u64);
        let mask = bits.len() - 1;
        of.iter().for_each(|&member| bits[(member / 64) as usize & mask] |= 1 << (member % 64));
        Self { of, bits, whole, signature: Signature::new(of) }
    }

    /// Whether members are told apart, however large they are.
    pub fn is_exact(&self) -> bool {
        self.whole
    }

    /// Number of the query's members.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// 1 if the member has a bit, else 0.
    #[inline(always)]
    fn bit(&self, member: u32) -> u64 {
        let mask = self.bits.len() - 1;
        self.bits[(member / 64) as usize & mask] >> (member % 64) & 1
    }

    /// Number of members in common with `row`.
    #[inline]
    pub fn common(&self, row: &[u32]) -> usize {
        if !self.whole {
            return sets::common(self.of, row);
        }
        row.iter().map(|&member| self.bit(member)).sum::<u64>() as usize
    }

    /// The places in `piece`, ascending, of members that the query has; of some others, too, if the table is not
    /// [exact](Self::is_exact).
    pub fn places<'p>(&self, piece: &[u32], places: &'p mut Places) -> &'p [u16] {
        let likely = likely_groups(&self.signature, piece, &mut places.groups);
        let mut count = 0;
        for &group in &places.groups[..likely] {
            let start = usize::from(group) * GROUP;
            for (place, &member) in (start..).zip(&piece[start..piece.len().min(start + GROUP)]) {
                // Without a branch: which members are shared is as good as random.
                places.members[count] = place as u16;
                count += self.bit(member) as usize;
            }
        }
        &places.members[..count]
    }
}

/// Lists the groups of `piece` that may have a member in common with the query, and returns their number. With AVX-512 those whose
/// members are in both filters, else all.
#[multiversion(targets("x86_64+avx512f"))]
fn likely_groups(signature: &Signature, piece: &[u32], groups: &mut [u16; GROUPS]) -> usize {
    match_target! {
        "x86_64+avx512f" => {
            let register = |numbers: &[u32; GROUP]| bytemuck::must_cast(*numbers);
            let [last, more_last] = [register(&signature.last[0]), register(&signature.last[1])];
            let [around, more_around] = [register(&signature.around[0]), register(&signature.around[1])];
            let one = _mm512_set1_epi32(1);
            let (whole, rest) = piece.as_chunks::<GROUP>();
            let mut count = 0;
            for (group, members) in whole.iter().enumerate() {
                // Only the last five digits of a place in two registers count, and of a number of bits to rotate by.
                let a = register(members);
                let (b, c) = (_mm512_srli_epi32::<5>(a), _mm512_srli_epi32::<10>(a));
                let in_last = _mm512_rorv_epi32(_mm512_permutex2var_epi32(last, a, more_last), b);
                let in_around = _mm512_rorv_epi32(_mm512_permutex2var_epi32(around, c, more_around), a);
                groups[count] = group as u16;
                count += usize::from(_mm512_test_epi32_mask(_mm512_and_si512(in_last, in_around), one) != 0);
            }
            if !rest.is_empty() {
                groups[count] = whole.len() as u16;
                count += 1;
            }
            count
        },
        _ => {
            let Signature { .. } = signature;
            let count = piece.len().div_ceil(GROUP);
            groups[..count].iter_mut().zip(0..).for_each(|(group, number)| *group = number);
            count
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn members_that_are_shared_are_found_and_counted() {
        let mut rng = random::stream(3, "members", 0);
        for (dim, size) in [(5_usize, 3), (64, 2), (1 << 10, 40), (28_000, 30), (TABLE, 300), (u32::MAX as usize, 9)] {
            let mut draw = |count| (0..count).map(|_| random::below(&mut rng, dim) as u32).collect::<Vec<_>>();
            for length in [0, 1, GROUP - 1, GROUP, 5 * GROUP + 3, PIECE] {
                let (mut of, mut piece) = (draw(size), draw(length));
                of.sort_unstable();
                of.dedup();
                // Some of the query's own, as far apart as groups are.
                piece.iter_mut().step_by(3 * GROUP + 1).zip(of.iter().cycle()).for_each(|(to, &own)| *to = own);
                let shared = (0..).zip(&piece).filter(|(_, member)| of.contains(member));
                let expected: Vec<u16> = shared.map(|(place, _)| place).collect();
                let arena = Bump::new();
                let (table, mut places) = (MemberTable::new(&of, dim, &arena), Places::default());
                let found = table.places(&piece, &mut places);
                if table.is_exact() {
                    assert_eq!(found, expected, "{dim}, {length}");
                }
                assert!(expected.iter().all(|place| found.contains(place)), "{dim}, {length}");
                piece.sort_unstable();
                piece.dedup();
                let common = piece.iter().filter(|member| of.contains(member)).count();
                assert_eq!(table.common(&piece), common, "{dim}, {length}");
            }
        }
    }

    /// Of all members that random queries do not have, about 1 in 1200 passes both filters of 30 members.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_signature_rules_most_groups_out() {
        let mut rng = random::stream(4, "signature", 0);
        let mut draw = |count: usize| (0..count).map(|_| random::below(&mut rng, 28_000) as u32).collect::<Vec<_>>();
        let (of, piece) = (draw(30), draw(PIECE));
        let likely = likely_groups(&Signature::new(&of), &piece, &mut [0; GROUPS]);
        let most = if std::arch::is_x86_feature_detected!("avx512f") { GROUPS / 8 } else { GROUPS };
        assert!((1..=most).contains(&likely), "{likely}");
    }
}
