//! Inputs damaged in ways that repeat, and limits on what reading one may take. The tests of HDF5 datasets, those of YAML
//! experiments and the fuzz targets share it.
#![allow(dead_code, reason = "each of them has its own copy of this module, and none needs all of it")]

pub mod checksums;
pub mod limits;
pub mod mutate;
