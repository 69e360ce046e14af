//! Registries: each kind of stage (candidates, expansions, selectors) lists its members by name.

/// Declares an enum of parameter types by name. YAML reads it, JSON Schema describes it, and a trial stores it; it
/// dereferences to the trait that all members implement. The calling crate depends on serde and schemars.
#[macro_export]
macro_rules! registry {
    ($(#[$doc:meta])* $Registry:ident: $Trait:ident { $($name:literal => $Type:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $Registry {
            $(
                #[doc = concat!("`", $name, "`.")]
                #[serde(rename = $name)]
                $Type($Type),
            )+
        }

        impl $Registry {
            /// All names, in the order in which they are documented.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The name of this member.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$Type(_) => $name,)+
                }
            }

            /// The member with that name; reads its parameters from a mapping.
            ///
            /// # Errors
            /// Those of the deserializer, and an unknown name.
            pub fn read<'de, D: serde::Deserializer<'de>>(name: &str, parameters: D) -> Result<Self, D::Error> {
                match name {
                    $($name => <$Type as serde::Deserialize>::deserialize(parameters).map(Self::$Type),)+
                    other => Err(<D::Error as serde::de::Error>::unknown_variant(other, Self::NAMES)),
                }
            }

            /// All members, with their default parameters.
            pub fn all() -> Vec<Self> {
                vec![$(Self::$Type($Type::default())),+]
            }

            /// The JSON Schema of this member's parameters, with each one's meaning, range and default.
            pub fn schema(&self) -> schemars::Schema {
                match self {
                    $(Self::$Type(_) => schemars::schema_for!($Type),)+
                }
            }
        }

        impl std::ops::Deref for $Registry {
            type Target = dyn $Trait;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Self::$Type(parameters) => parameters,)+
                }
            }
        }
    };
}
