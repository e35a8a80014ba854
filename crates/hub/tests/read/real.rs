//! Real snapshots, where the environment says that they lie.

use super::*;

/// The folder with the snapshots; the test is skipped where the variable is not set.
const DATA: &str = "HUBCENSUS_REAL_DATA";

#[test]
fn every_row_of_real_snapshots_fits() {
    let Some(data) = std::env::var_os(DATA) else {
        eprintln!("skipped: {DATA} is not set to a folder with real snapshots");
        return;
    };
    let data = Path::new(&data);
    assert!(
        data.is_dir(),
        "{DATA} names {}, which is no folder",
        data.display()
    );
    let under = |key: &str| Format::Json {
        rows: Some(key.to_owned()),
        keyed: false,
    };
    let hub_stats = "id:utf8 author:utf8 createdAt:timestamp lastModified:timestamp downloads:int64 downloadsAllTime:int64 \
                     likes:int64 trendingScore:float64 tags:list cardData:utf8 card=cardData:json gguf:utf8 \
                     st=safetensors.parameters:entries total=safetensors.total:int64 relation=baseModels.relation:utf8 \
                     base=baseModels.models[].id:list pipeline_tag:utf8 library_name:utf8";
    let radar = "id:utf8 author:utf8 created_at:timestamp updated_at:timestamp license:utf8 pipeline_tag:utf8 library:utf8 \
                 languages:list tags:list likes:int64 downloads_30d:int64 trending_score:float64 parameters:int64 \
                 storage_bytes:int64 base_model:utf8 gated:boolean removed:boolean removed_at:timestamp";
    let starscreener = "rank:int64 id:utf8 author:utf8 downloads:int64 likes:int64 trendingScore:float64 pipelineTag:utf8 \
                        libraryName:utf8 tags:list createdAt:timestamp lastModified:timestamp";
    let daily = "id:utf8 author:utf8 downloads:int64 likes:int64 lastModified:timestamp gated:utf8 private:boolean \
                 pipeline_tag:utf8 numParameters:int64 owner=authorData:json widgetOutputUrls:list trending:int64";
    let census = "id=info.modelId:utf8 sha=info.sha:utf8 at=info.lastModified:timestamp tags=info.tags:list \
                  task=info.pipeline_tag:utf8 files=info.siblings[].rfilename:list config=info.config:json \
                  downloads=info.downloads:int64 likes=info.likes:int64";
    let csv = "model:utf8 downloads:int64 task:utf8 sha:utf8 private:boolean";
    for (folder, prefix, wanted, format, rows) in [
        ("hub_stats", "models_", hub_stats, Format::Parquet, 4_167),
        (
            "radar",
            "models_",
            radar,
            Format::Ndjson,
            11_946 + 13_285 + 13_862 + 15_904,
        ),
        (
            "starscreener",
            "models_",
            starscreener,
            under("models"),
            5_000,
        ),
        (
            "starscreener",
            "datasets_",
            starscreener,
            under("datasets"),
            5_000,
        ),
        (
            "starscreener",
            "spaces_",
            starscreener,
            under("spaces"),
            5_000,
        ),
        (
            "transformersjs_daily",
            "models_",
            daily,
            Format::Parquet,
            17_114,
        ),
        (
            "census_2022",
            "models_2022-02",
            census,
            Format::Ndjson,
            29_432,
        ),
        ("census_2022", "models_2022-07", csv, Format::Csv, 55_524),
    ] {
        let request = Request::new(fields(wanted), format);
        let mut found = 0;
        for entry in std::fs::read_dir(data.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with(prefix)
            {
                let (batch, rejects) = read_with(&path, &request, 2).unwrap();
                assert_eq!(told(&rejects), Vec::<String>::new(), "{}", path.display());
                assert_eq!(batch.column(0).null_count(), 0, "{}", path.display());
                found += batch.num_rows();
            }
        }
        assert_eq!(found, rows, "{folder}/{prefix}");
    }
}
