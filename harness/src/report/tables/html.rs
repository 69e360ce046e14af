//! A table on a page.

use super::{Printed, Table};
use maud::{Markup, html};

/// The table, which scrolls where it is wider than the page. `corner` heads its labels.
pub fn table(name: &str, corner: &str, table: &Table) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(name) {
            table.sortable {
                thead { tr {
                    th scope="col" { (corner) }
                    @for column in &table.columns {
                        th scope="col" { (column.title) @if !column.unit.is_empty() { span.unit { (column.unit) } } }
                    }
                } }
                tbody { @for (row, cells) in table.printed() { tr {
                    th scope="row" { (row.label) }
                    @for cell in cells { (printed(&cell)) }
                } } }
            }
        }
    }
}

fn printed(cell: &Printed) -> Markup {
    html! { td.best[cell.rank == 1].second[cell.rank == 2] { (cell.text) sup { ("*".repeat(cell.stars)) } } }
}
