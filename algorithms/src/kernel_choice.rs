//! A parameter that names a kernel, or leaves the choice to what it is a parameter of.

use crate::distance::Distance;
use crate::kernel::Kernel;
use crate::points::PointType;
use crate::unfit::Unfit;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A kernel by name, or the default of the selector or metric that has this parameter. Files and schemas know a
/// [`Kernel`] that may be left out.
///
/// Each field of this type needs `#[serde(skip_serializing_if = "KernelChoice::is_default")]`: serde skips a field only
/// by an attribute of the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KernelChoice(Option<Kernel>);

impl KernelChoice {
    /// No kernel is named.
    pub const DEFAULT: Self = Self(None);

    /// The kernel, if one is named.
    pub const fn named(self) -> Option<Kernel> {
        self.0
    }

    /// Whether no kernel is named.
    pub const fn is_default(&self) -> bool {
        self.0.is_none()
    }

    /// Whether this kernel is named.
    pub fn is(self, kernel: Kernel) -> bool {
        self.0 == Some(kernel)
    }

    /// The kernel; by default [`Kernel::raw`].
    pub fn or_raw(self, distance: Distance) -> Kernel {
        self.0.unwrap_or_else(|| Kernel::raw(distance))
    }

    /// The kernel; by default [`Kernel::coverage`].
    pub fn or_coverage(self, distance: Distance) -> Kernel {
        self.0.unwrap_or_else(|| Kernel::coverage(distance))
    }

    /// Checks that points of this type have a kernel which is named.
    ///
    /// # Errors
    /// Why they do not have it, and the kernels that would do.
    pub fn check(self, points: PointType) -> Result<(), Unfit> {
        self.check_need(points, |_| true, "")
    }

    /// Checks that a kernel which is named is positive semidefinite, and that points of this type have it. `reason` says what
    /// needs that, such as "a determinant needs one that is".
    ///
    /// # Errors
    /// What is wrong, and the kernels that would do.
    pub fn check_semidefinite(self, points: PointType, reason: &str) -> Result<(), Unfit> {
        let lack = format!("is not positive semidefinite, and {reason}");
        self.check_need(points, Kernel::is_positive_semidefinite, &lack)
    }

    /// Checks that a kernel which is named is never negative, and that points of this type have it. `reason` says what needs
    /// that, such as "a random walk needs one that cannot".
    ///
    /// # Errors
    /// What is wrong, and the kernels that would do.
    pub fn check_nonnegative(self, points: PointType, reason: &str) -> Result<(), Unfit> {
        self.check_need(points, Kernel::is_nonnegative, &format!("can be negative, and {reason}"))
    }

    /// `lack` says what is wrong with a kernel that does not serve.
    fn check_need(self, points: PointType, serves: fn(Kernel) -> bool, lack: &str) -> Result<(), Unfit> {
        let Some(kernel) = self.0 else { return Ok(()) };
        let lack = match kernel.misfit(points) {
            Some(misfit) => misfit,
            None if serves(kernel) => return Ok(()),
            None => lack.to_owned(),
        };
        let others = Kernel::ALL.into_iter().filter(|&kernel| kernel.fits(points) && serves(kernel));
        let others: Vec<String> = others.map(|kernel| format!("`{}`", kernel.name())).collect();
        let one_of = if others.len() > 1 { "one of " } else { "" };
        let help = format!("use {one_of}{}, or leave `kernel` out", others.join(", "));
        Err(Unfit::new(format!("the kernel `{}` {lack}", kernel.name()), help).of("kernel"))
    }
}

impl From<Kernel> for KernelChoice {
    fn from(kernel: Kernel) -> Self {
        Self(Some(kernel))
    }
}

impl JsonSchema for KernelChoice {
    fn schema_name() -> Cow<'static, str> {
        Kernel::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        Kernel::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Kernel::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_kernel_or_the_default() {
        let default = KernelChoice::DEFAULT;
        assert!(default.is_default() && default.named().is_none() && default == KernelChoice::default());
        let distances = [
            (Distance::Euclidean, Kernel::Rbf, Kernel::Rbf),
            (Distance::Angular, Kernel::Gram, Kernel::Cosine),
            (Distance::InnerProduct, Kernel::Gram, Kernel::Cosine),
            (Distance::Hamming, Kernel::Match, Kernel::Match),
            (Distance::Jaccard, Kernel::Jaccard, Kernel::Jaccard),
        ];
        for (distance, raw, coverage) in distances {
            assert_eq!((default.or_raw(distance), default.or_coverage(distance)), (raw, coverage));
            for kernel in Kernel::ALL {
                let named = KernelChoice::from(kernel);
                assert_eq!((named.or_raw(distance), named.or_coverage(distance)), (kernel, kernel));
                assert!(named.is(kernel) && !named.is_default() && !default.is(kernel));
            }
        }
    }

    #[test]
    fn a_kernel_that_lacks_something_is_refused_with_those_that_would_do() {
        let dense = PointType::Dense;
        let refused = KernelChoice::from(Kernel::Gram)
            .check_nonnegative(dense, "a sum needs one that cannot")
            .expect_err("negative");
        assert_eq!(refused.parameter, Some("kernel"));
        assert_eq!(refused.message, "the kernel `gram` can be negative, and a sum needs one that cannot");
        assert_eq!(refused.help, "use one of `cosine`, `rbf`, `geodesic`, `fisher-rao`, or leave `kernel` out");
        assert!(KernelChoice::from(Kernel::Cosine).check_semidefinite(dense, "").is_err());
        let fine = [KernelChoice::DEFAULT, KernelChoice::from(Kernel::Rbf)];
        assert!(
            fine.iter()
                .all(|kernel| kernel.check_semidefinite(dense, "").is_ok()
                    && kernel.check_nonnegative(dense, "").is_ok())
        );
    }

    /// What the points do not have is said before what the need lacks, and the help names what fits both.
    #[test]
    fn a_kernel_that_the_points_do_not_have_is_refused_with_those_that_they_have() {
        let refused =
            |kernel: Kernel, points| KernelChoice::from(kernel).check(points).expect_err("refused").to_string();
        assert_eq!(
            refused(Kernel::Rbf, PointType::Sets),
            "the kernel `rbf` compares lengths of differences, and sets have none; use `jaccard`, or leave `kernel` out"
        );
        assert_eq!(
            refused(Kernel::Jaccard, PointType::Bits),
            "the kernel `jaccard` compares sets, and the dataset has bits; use one of `rbf`, `match`, or leave `kernel` out"
        );
        let clipped =
            KernelChoice::from(Kernel::Cosine).check_semidefinite(PointType::Sparse, "a spectrum needs one that is");
        assert_eq!(clipped.expect_err("clipped").help, "use one of `gram`, `geodesic`, or leave `kernel` out");
        let raw = KernelChoice::from(Kernel::Gram).check_nonnegative(PointType::Bits, "a sum needs one that cannot");
        assert_eq!(
            raw.expect_err("no directions").message,
            "the kernel `gram` compares directions, and bits have none"
        );
        for points in PointType::ALL {
            assert_eq!(KernelChoice::DEFAULT.check(points), Ok(()));
        }
    }
}
