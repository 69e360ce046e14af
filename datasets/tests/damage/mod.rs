//! Damages inputs in reproducible ways, and limits the time and memory for reading one. The tests of HDF5 datasets, those of
//! YAML experiments and the fuzz targets share this module.
#![allow(dead_code, reason = "each of them has its own copy of this module, and none needs all of it")]

pub mod checksums;
pub mod limits;
pub mod mutate;
