//! A parameter that names a kernel, or leaves the choice to what it is a parameter of.

use crate::distance::Distance;
use crate::kernel::Kernel;
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

    /// Checks that a kernel which is named is positive semidefinite. `reason` says what needs that, such as
    /// "a determinant needs one that is".
    ///
    /// # Errors
    /// The kernels that would do.
    pub fn check_semidefinite(self, reason: &str) -> Result<(), Unfit> {
        self.check(Kernel::is_positive_semidefinite, "is not positive semidefinite", reason)
    }

    /// Checks that a kernel which is named is never negative. `reason` says what needs that, such as
    /// "a random walk needs one that cannot".
    ///
    /// # Errors
    /// The kernels that would do.
    pub fn check_nonnegative(self, reason: &str) -> Result<(), Unfit> {
        self.check(Kernel::is_nonnegative, "can be negative", reason)
    }

    fn check(self, fits: fn(Kernel) -> bool, lack: &str, reason: &str) -> Result<(), Unfit> {
        let Some(kernel) = self.0.filter(|&kernel| !fits(kernel)) else { return Ok(()) };
        let others = Kernel::ALL.iter().filter(|&&kernel| fits(kernel)).map(|kernel| format!("`{}`", kernel.name()));
        let message = format!("the kernel `{}` {lack}, and {reason}", kernel.name());
        let help = format!("use one of {}, or leave `kernel` out", others.collect::<Vec<_>>().join(", "));
        Err(Unfit::new(message, help).of("kernel"))
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
        let distances =
            [(Distance::Angular, Kernel::Gram, Kernel::Cosine), (Distance::Euclidean, Kernel::Rbf, Kernel::Rbf)];
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
        let refused =
            KernelChoice::from(Kernel::Gram).check_nonnegative("a sum needs one that cannot").expect_err("negative");
        assert_eq!(refused.parameter, Some("kernel"));
        assert_eq!(refused.message, "the kernel `gram` can be negative, and a sum needs one that cannot");
        assert_eq!(refused.help, "use one of `cosine`, `rbf`, `geodesic`, `fisher-rao`, or leave `kernel` out");
        assert!(KernelChoice::from(Kernel::Cosine).check_semidefinite("").is_err());
        let fine = [KernelChoice::DEFAULT, KernelChoice::from(Kernel::Rbf)];
        assert!(
            fine.iter().all(|kernel| kernel.check_semidefinite("").is_ok() && kernel.check_nonnegative("").is_ok())
        );
    }
}
