//! How the kinds (candidates, expansions, selectors) know their members.

/// Makes an enum of parameter types by name, which is what YAML reads, JSON Schema describes and a trial keeps;
/// it dereferences to the trait that they all implement. The crate that calls it depends on serde and schemars.
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

            /// The name of this one.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$Type(_) => $name,)+
                }
            }

            /// The one of that name, with parameters read from a mapping.
            ///
            /// # Errors
            /// The deserializer's, and where there is no such name.
            pub fn read<'de, D: serde::Deserializer<'de>>(name: &str, parameters: D) -> Result<Self, D::Error> {
                match name {
                    $($name => <$Type as serde::Deserialize>::deserialize(parameters).map(Self::$Type),)+
                    other => Err(<D::Error as serde::de::Error>::unknown_variant(other, Self::NAMES)),
                }
            }

            /// Each with its default parameters.
            pub fn all() -> Vec<Self> {
                vec![$(Self::$Type($Type::default())),+]
            }

            /// The JSON Schema of this one's parameters: what it is, and each parameter's meaning, range and default.
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
