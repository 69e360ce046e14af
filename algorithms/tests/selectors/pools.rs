//! Distances, relevances, scores and kernels of every point type, against methods.md word for word.

use crate::naive::{self, Row, SPACES, Space};
use crate::support::{Case, cases_up_to};
use proptest::prelude::*;
use swath_algorithms::kernel::Kernel;
use swath_algorithms::points::PointType;
use swath_algorithms::pool_kernel::PoolKernel;
use swath_algorithms::{Distance, Scratch};

proptest! {
    #[test]
    fn pools_are_their_definition((case, _) in cases_up_to(10)) {
        let (distance, items) = (case.base.distance(), &case.pool.items);
        prop_assert_eq!(items.len(), case.cloud.rows.len());
        prop_assert!(items.windows(2).all(|w| w[0].best_first(&w[1]).is_lt()));
        let rels = items.iter().map(|item| item.rel);
        let (least, most) = (rels.clone().fold(f64::INFINITY, f64::min), rels.fold(f64::NEG_INFINITY, f64::max));
        let distances = (0..case.m()).map(|i| naive::to_query(distance, &case.cloud.query, case.row(i)));
        let sigma = if distance == Distance::Euclidean { naive::median(distances.collect()) } else { 0.0 };
        prop_assert!((case.pool.sigma - sigma).abs() < 1e-12);
        for (i, item) in items.iter().enumerate() {
            let expected = naive::to_query(distance, &case.cloud.query, case.row(i));
            prop_assert!((item.distance - expected).abs() < 1e-12, "{expected}: {item:?}");
            let expected = naive::relevance(distance, item.distance, case.pool.sigma);
            prop_assert!((item.rel - expected).abs() < 1e-12, "{expected}: {item:?}");
            let expected = match distance {
                Distance::InnerProduct if most > least => (item.rel - least) / (most - least),
                Distance::InnerProduct => 1.0,
                _ => item.rel,
            };
            prop_assert_eq!(item.score, expected);
        }
    }

    /// The same from scratch, in a row of the pool's kernel and to the query.
    #[test]
    fn kernels_are_their_definition((case, _) in cases_up_to(10)) {
        let fitting = Kernel::ALL.into_iter().filter(|kernel| kernel.fits(case.cloud.space.points));
        for kernel in fitting {
            // An arc cosine near 1 has half of the digits of its argument; the roots of distributions are `f32`.
            let off = if kernel == Kernel::FisherRao { 1e-3 } else { 1e-7 };
            let (scratch, sigma, m) = (Scratch::default(), case.sigma(kernel), case.m());
            let request = case.request(1);
            let of_pool = PoolKernel::new(kernel, &request, &scratch);
            let mut row = vec![0.0; m];
            for i in 0..m {
                of_pool.row(i, &mut row);
                prop_assert!((row[i] - of_pool.self_similarity(i)).abs() < 1e-12 || kernel == Kernel::FisherRao);
                for j in 0..m {
                    let expected = naive::similarity(kernel, case.row(i), case.row(j), sigma);
                    prop_assert!((row[j] - expected).abs() < off, "{kernel:?}: {} for {expected}", row[j]);
                    let (a, b) = (case.pool.items[i].id, case.pool.items[j].id);
                    prop_assert!((kernel.between(&case.base, a, b, sigma) - expected).abs() < off, "{kernel:?}");
                }
            }
            of_pool.of_query(&mut row);
            for i in 0..m {
                let expected = naive::similarity_to_query(kernel, &case.cloud.query, case.row(i), sigma);
                prop_assert!((row[i] - expected).abs() < off, "{kernel:?}: {} for {expected}", row[i]);
                let from_scratch = kernel.to_query(&case.base, request.query, case.pool.items[i].id, sigma);
                prop_assert!((from_scratch - expected).abs() < off, "{kernel:?}");
            }
        }
    }
}

fn case(distance: Distance, points: PointType, dim: usize, rows: Vec<Row>, query: Row) -> Case {
    Case::of(naive::Cloud { space: Space { distance, points }, dim, rows, query })
}

/// What is to be read off a pool: each item's id, distance, relevance and score.
fn read(case: &Case) -> Vec<(u32, f64, f64, f64)> {
    case.pool.items.iter().map(|item| (item.id, item.distance, item.rel, item.score)).collect()
}

#[test]
fn an_empty_set_is_like_no_query_and_like_another_empty_set() {
    let set = |members: &[u32]| Row::Set(members.iter().copied().collect());
    let rows = vec![set(&[]), set(&[1, 2, 3]), set(&[]), set(&[3, 4])];
    let some = case(Distance::Jaccard, PointType::Sets, 9, rows.clone(), set(&[2, 3, 4, 5]));
    // Of 4 members 2 are common, of 5 also 2.
    assert_eq!(read(&some), [(3, 0.5, 0.5, 0.5), (1, 0.6, 0.4, 0.4), (0, 1.0, 0.0, 0.0), (2, 1.0, 0.0, 0.0)]);
    let empty = case(Distance::Jaccard, PointType::Sets, 9, rows, set(&[]));
    assert_eq!(
        read(&empty).iter().map(|item| (item.0, item.1)).collect::<Vec<_>>(),
        [(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0)]
    );
    let (request, scratch) = (some.request(4), Scratch::default());
    let kernel = PoolKernel::new(Kernel::Jaccard, &request, &scratch);
    let mut row = [0.0; 4];
    kernel.row(2, &mut row);
    assert_eq!(row, [0.0, 0.0, 1.0, 1.0]);
    kernel.of_query(&mut row);
    assert_eq!(row, [0.5, 0.4, 0.0, 0.0]);
}

/// Bits 0011 around 0111, then 1100 and 0111 itself.
#[test]
fn bits_are_compared_by_the_share_that_differs() {
    let bits = |text: &str| Row::Bits(text.chars().map(|bit| bit == '1').collect());
    let case =
        case(Distance::Hamming, PointType::Bits, 4, vec![bits("0011"), bits("1100"), bits("0111")], bits("0111"));
    assert_eq!(read(&case), [(2, 0.0, 1.0, 1.0), (0, 0.25, 0.75, 0.75), (1, 0.75, 0.25, 0.25)]);
    // One bit of four differs; the distances of values 0 and 1 to the query are 0, 1 and the root of 3: sigma is 1.
    let (request, scratch) = (case.request(3), Scratch::default());
    let mut row = [0.0; 3];
    PoolKernel::new(Kernel::Match, &request, &scratch).row(0, &mut row);
    assert_eq!(row, [1.0, 0.75, 0.25]);
    PoolKernel::new(Kernel::Rbf, &request, &scratch).row(0, &mut row);
    assert_eq!(row, [1.0, (-0.5_f64).exp(), (-1.5_f64).exp()]);
}

/// Products 6, 2 and -2 are scores 1, 1/2 and 0; all equal are 1. Between items it is the cosine that counts.
#[test]
fn products_are_relevances_and_scores_are_their_places() {
    let sparse = |values: &[(u32, f32)]| Row::Sparse(values.iter().copied().collect());
    let rows = vec![sparse(&[(0, -1.0)]), sparse(&[(0, 3.0)]), sparse(&[(0, 1.0), (7, 5.0)])];
    let case_of = |rows| case(Distance::InnerProduct, PointType::Sparse, 9, rows, sparse(&[(0, 2.0)]));
    let three = case_of(rows.clone());
    assert_eq!(read(&three), [(1, -6.0, 6.0, 1.0), (2, -2.0, 2.0, 0.5), (0, 2.0, -2.0, 0.0)]);
    let (request, scratch) = (three.request(3), Scratch::default());
    let mut row = [0.0; 3];
    PoolKernel::new(Kernel::Gram, &request, &scratch).row(0, &mut row);
    assert_eq!(row, [1.0, 1.0 / 26.0_f64.sqrt(), -1.0]);
    PoolKernel::new(Kernel::Cosine, &request, &scratch).row(0, &mut row);
    assert_eq!(row, [1.0, 1.0 / 26.0_f64.sqrt(), 0.0]);
    let equal = case_of(vec![rows[0].clone(); 3]);
    assert_eq!(read(&equal), [(0, 2.0, -2.0, 1.0), (1, 2.0, -2.0, 1.0), (2, 2.0, -2.0, 1.0)]);
    // The same numbers as dense vectors.
    let dense = |values: [f32; 2]| Row::Dense(values.to_vec());
    let rows = vec![dense([-1.0, 0.0]), dense([3.0, 0.0]), dense([1.0, 5.0])];
    let same = case(Distance::InnerProduct, PointType::Dense, 2, rows, dense([2.0, 0.0]));
    assert_eq!(read(&same), read(&three));
}

/// 64-bit words and what is beyond them: all spaces on rows that are long.
#[test]
fn long_rows_are_compared_as_short_ones() {
    for space in SPACES {
        let case = Case::of(naive::irregular_cloud(space, 70, 30, 4));
        for (i, item) in case.pool.items.iter().enumerate() {
            let expected = naive::to_query(space.distance, &case.cloud.query, case.row(i));
            assert!((item.distance - expected).abs() < 1e-9, "{space}: {expected}, {item:?}");
        }
        for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.fits(space.points)) {
            let (request, scratch) = (case.request(1), Scratch::default());
            let mut row = [0.0; 30];
            PoolKernel::new(kernel, &request, &scratch).row(7, &mut row);
            for (j, similarity) in row.into_iter().enumerate() {
                let expected = naive::similarity(kernel, case.row(7), case.row(j), case.sigma(kernel));
                assert!((similarity - expected).abs() < 1e-6 || kernel == Kernel::FisherRao, "{space}, {kernel:?}");
            }
        }
    }
}
