//! Figures: drawn, as a table, and as CSV.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::error::{Page, PageError};
use super::i18n::Text;
use super::session::SignedIn;
use super::view::{Frame, html, percent};
use crate::pipeline::Pipeline;
use crate::pipeline::figures::{self, Chart, Figure, Row};

/// Height of the columns of a chart.
const HEIGHT: i64 = 90;

/// A column of a chart, in the units of its drawing.
struct Column {
    x: i64,
    y: i64,
    height: i64,
    series: usize,
    title: String,
}

/// A bar of a chart, in per cent.
struct Bar {
    label: String,
    width: i64,
    from: i64,
    to: i64,
    shown: String,
}

/// A row of a table.
struct Line {
    label: String,
    cells: Vec<String>,
}

struct Card {
    name: &'static str,
    headers: Vec<String>,
    columns: Vec<Column>,
    bars: Vec<Bar>,
    lines: Vec<Line>,
    /// First and last label of columns.
    ends: (String, String),
}

#[derive(Template)]
#[template(path = "web/figures.html")]
struct FiguresPage {
    f: Frame,
    cards: Vec<Card>,
}

fn label(t: Text, figure: &Figure, row: &Row) -> String {
    if figure.labels.is_empty() { row.label.clone() } else { t.v(figure.labels, &row.label) }
}

fn card(t: Text, figure: &Figure) -> Card {
    let largest = figure.rows.iter().flat_map(|row| row.values.iter().copied()).max().unwrap_or(0).max(1);
    let mut columns = Vec::new();
    let mut bars = Vec::new();
    for (place, row) in (0_i64..).zip(&figure.rows) {
        let first = row.values.first().copied().unwrap_or(0);
        match (figure.chart, row.share) {
            (Chart::Columns, _) => {
                for (series, value) in row.values.iter().enumerate() {
                    let height = value * HEIGHT / largest;
                    let x = place * 24 + i64::try_from(series).unwrap_or(0) * 7;
                    let header = figure.columns.get(series).map(|key| t.m(key)).unwrap_or_default();
                    let title = format!("{}: {} {header}", row.label, t.number(*value));
                    columns.push(Column { x, y: HEIGHT - height, height, series, title });
                }
            }
            (_, Some((share, low, high))) => bars.push(Bar {
                label: label(t, figure, row),
                width: percent(share),
                from: percent(low),
                to: percent(high),
                shown: format!("{} %", percent(share)),
            }),
            (_, None) => {
                let width = first * 100 / largest;
                bars.push(Bar { label: label(t, figure, row), width, from: 0, to: 0, shown: t.number(first) });
            }
        }
    }
    let shares = figure.rows.iter().any(|row| row.share.is_some());
    let mut headers: Vec<String> = figure.columns.iter().map(|key| t.m(key)).collect();
    if shares {
        headers.extend(["figure-share", "figure-low", "figure-high"].map(|key| t.m(key)));
    }
    let lines = figure.rows.iter().map(|row| {
        let mut cells: Vec<String> = row.values.iter().map(|value| t.number(*value)).collect();
        cells.extend(
            row.share.iter().flat_map(|(share, low, high)| [*share, *low, *high]).map(|s| format!("{} %", t.decimal(s * 100.0))),
        );
        Line { label: label(t, figure, row), cells }
    });
    let end = |row: Option<&Row>| row.map(|row| row.label.clone()).unwrap_or_default();
    Card {
        name: figure.name,
        headers,
        columns,
        bars,
        lines: lines.collect(),
        ends: (end(figure.rows.first()), end(figure.rows.last())),
    }
}

pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn) -> Page {
    let f = Frame::new(user, "figures", None);
    let cards = figures::all(&pipeline).await?.iter().map(|figure| card(f.t, figure)).collect();
    html(&FiguresPage { f, cards })
}

/// One figure as CSV: labels as codes, numbers without grouping, shares from 0 to 1.
pub(super) async fn csv(State(pipeline): State<Pipeline>, SignedIn(_): SignedIn, Path(file): Path<String>) -> Page {
    let name = file.strip_suffix(".csv").ok_or(PageError::NotFound)?;
    let figure = figures::all(&pipeline).await?.into_iter().find(|figure| figure.name == name).ok_or(PageError::NotFound)?;
    let broken = |error: csv::Error| PageError::Internal(format!("csv: {error}"));
    let mut out = csv::Writer::from_writer(Vec::new());
    let mut names: Vec<&str> = vec!["label"];
    names.extend(figure.columns.iter().map(|key| key.trim_start_matches("figure-")));
    if figure.chart == Chart::Shares {
        names.extend(["share", "low", "high"]);
    }
    out.write_record(&names).map_err(broken)?;
    for row in &figure.rows {
        let mut record = vec![row.label.clone()];
        record.extend(row.values.iter().map(ToString::to_string));
        record.extend(row.share.iter().flat_map(|(share, low, high)| [share, low, high]).map(|share| format!("{share:.4}")));
        out.write_record(&record).map_err(broken)?;
    }
    let bytes = out.into_inner().map_err(|error| PageError::Internal(error.to_string()))?;
    let attachment = format!("attachment; filename=\"sisir-{name}.csv\"");
    let response: Response =
        ([(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, attachment)], bytes)
            .into_response();
    Ok(response)
}
