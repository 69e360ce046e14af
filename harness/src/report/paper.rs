//! `paper.tex`: all tables and figures in one document, to compile or to copy from.

use super::plots::Drawn;
use crate::escape::tex;
use crate::findings::LoadedRun;
use std::fmt::Write as _;

/// The document, for the folder of the report.
pub fn document(found: &LoadedRun, tables: &[&str], figures: &[Drawn]) -> String {
    let name = tex(found.manifest.experiment.name());
    let mut text = format!(
        "% Every table and figure of this report: pdflatex paper.tex, here.\n\\documentclass{{article}}\n\
         \\usepackage[T1]{{fontenc}}\n\\usepackage{{booktabs}}\n\\usepackage{{graphicx}}\n\\extrafloats{{500}}\n\n\
         \\begin{{document}}\n\\section*{{{name}}}\n\n"
    );
    for table in tables {
        // A string has no failures.
        let _ = writeln!(text, "\\input{{tables/{table}}}");
    }
    text.push_str("\\clearpage\n");
    for figure in figures {
        let (name, caption) = (&figure.name, tex(&figure.caption));
        let _ = write!(
            text,
            "\n\\begin{{figure}}[htbp]\n\\centering\n\\includegraphics{{plots/{name}.pdf}}\n\\caption{{{caption}}}\n\
             \\label{{fig:swath-{name}}}\n\\end{{figure}}\n"
        );
    }
    text.push_str("\n\\end{document}\n");
    text
}
