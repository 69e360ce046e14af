//! The folders of datasets, and of what is kept from run to run.

use super::terminal::with_help;
use std::path::{Path, PathBuf};
use swath::config::Failure;
use swath::escape;
use swath::external::allowed::Allowed;
use swath::plan::{Outside, Resources, missing_dataset};
use swath::record::machine::{address_limit, memory};
use swath::run::cache::{self, Cache};
use swath::version;
use swath_datasets::prepared::KeptDatasets;
use swath_datasets::{Location, catalogue};

/// The folders of datasets, and of what is kept from run to run.
pub struct Places {
    /// Folders that are searched for datasets, in order.
    pub data: Vec<PathBuf>,
    /// The folder that datasets are downloaded into: the first that the user names, or else the user's own, which is searched
    /// last. `None` if the system has none.
    pub downloads: Option<PathBuf>,
    /// The graphs that are kept; `None` if the system has no folder for caches.
    pub cache: Option<Cache>,
    /// The datasets that are kept in the same folder.
    pub kept: Option<KeptDatasets>,
    /// The commands that were allowed to run, in the same folder.
    allowed: Option<Allowed>,
    allows_all: bool,
    program: PathBuf,
}

impl Places {
    /// The folders from the command line, then those from the environment and the system.
    ///
    /// # Errors
    /// [`Failure::Input`] if one of `data` is not a folder.
    pub fn new(mut data: Vec<PathBuf>, cache: Option<PathBuf>, allows_all: bool) -> Result<Self, Failure> {
        if let Some(missing) = data.iter().find(|folder| !folder.is_dir()) {
            let path = escape::path(missing);
            let what = if missing.exists() {
                format!("{path} is no folder")
            } else {
                format!("the folder {path} does not exist")
            };
            return Err(Failure::Input(format!("--data-dir: {what}")));
        }
        let given = std::env::var_os("SWATH_DATA").unwrap_or_default();
        data.extend(std::env::split_paths(&given).filter(|folder| !folder.as_os_str().is_empty()));
        let here = std::env::current_dir().unwrap_or_default();
        let own = own_datasets();
        let downloads = data.first().cloned().or_else(|| own.clone());
        let mut data = catalogue::folders(&data, &here);
        data.extend(own.filter(|folder| folder.is_dir()));
        let folder = cache.or_else(cache::default_folder);
        let kept = folder.clone().map(|folder| KeptDatasets::new(folder, version::program()));
        let allowed = folder.as_deref().map(Allowed::new);
        let program = version::program_file();
        Ok(Self { data, downloads, cache: folder.map(Cache::new), kept, allowed, allows_all, program })
    }

    /// By what programs outside are started, and which may be.
    fn outside(&self) -> Outside<'_> {
        Outside { starter: Some(&self.program), allowed: self.allowed.as_ref(), allows_all: self.allows_all }
    }

    /// The folders to search for datasets, the memory that a dataset may take, and where prepared ones are kept.
    pub fn resources(&self) -> Resources<'_> {
        Resources {
            data_folders: &self.data,
            memory: memory(),
            addresses: address_limit(),
            kept: self.kept.as_ref(),
            outside: self.outside(),
            scratch: self.cache.as_ref().map(Cache::folder),
        }
    }

    /// Finds the dataset that the command line names.
    ///
    /// # Errors
    /// [`Failure::Input`] if there is none.
    pub fn find(&self, dataset: &Path) -> Result<Location, Failure> {
        if dataset.to_str().is_none() && dataset.is_file() {
            return Ok(dataset.into());
        }
        let resolved = catalogue::resolve(&dataset.to_string_lossy(), Path::new(""), &self.data);
        resolved
            .map_err(|not_found| Failure::Input(with_help(not_found.to_string(), &missing_dataset::help(&not_found))))
    }
}

/// The user's own folder of datasets: `swath/datasets` in the platform's folder for data. `None` if there is none.
fn own_datasets() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else {
        let under = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
        variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(under)))
    };
    data.map(|folder| folder.join("swath").join("datasets"))
}

/// A folder for the graphs of one command. It is removed when dropped.
///
/// # Errors
/// [`Failure::Run`] if temporary files cannot be written.
pub fn own_graphs() -> Result<tempfile::TempDir, Failure> {
    let folder = tempfile::Builder::new().prefix("swath-graphs-").tempdir();
    folder.map_err(|error| Failure::Run(format!("temporary files cannot be written: {error}")))
}
