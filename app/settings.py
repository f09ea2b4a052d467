"""Every setting of the service, in one place: the only reader of the environment."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self, get_args
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.engine.options import Profile
from app.errors import ConfigurationError
from app.setting_files import ENV_ENCODING, names_in_file, names_of_secrets, require_utf8, unknown_names
from app.setting_values import is_redis, known_store, origins, path_prefix, redis_only

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ENV_PREFIX = "INSPECTOR_"
ENV_FILE = Path(".env")
SECRETS_DIR = Path("/run/secrets")
OF_THE_MACHINE = ("weights_dir", "device", "threads", "precision", "engine", "cache_dir")
"""The settings that say what this machine has to compute with, not what a server does with it."""

OF_COMPOSE = (
    "IMAGE", "MEMORY", "PROXY_PEM", "PUBLISH", "PUBLISH_GRAFANA", "PUBLISH_PROMETHEUS", "PUBLISH_TLS",
    "REDIS_MAXMEMORY", "REDIS_MEMORY", "REPLICAS", "SECRETS_DIR", "WEIGHTS",
)  # fmt: skip
"""What docker-compose.yml and its overlays read from the same `.env`, behind the same prefix."""

Precision = Literal["auto", "float32", "bfloat16", "float16"]


class Settings(BaseSettings):
    """Read from the environment (`INSPECTOR_…`), then `.env`, then Docker secrets in `/run/secrets`."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_file=ENV_FILE,
        env_file_encoding=ENV_ENCODING,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    data_dir: Path = Field(Path("data"), description="Folder of the disk store.")
    store_url: Annotated[str | None, AfterValidator(known_store)] = Field(
        None, description="Store as a URL, `disk:///folder` or `redis://host:6379/0`; unset: the disk at DATA_DIR."
    )
    coordination_url: Annotated[str | None, AfterValidator(redis_only)] = Field(
        None, description="Redis that replicas on one disk store share: products, bank versions, what serves."
    )
    redis_password: SecretStr | None = Field(None, description="Password of Redis; best as a Docker secret.")
    redis_require_durable: bool = Field(
        True, description="Refuse a Redis that may evict data or lose acknowledged writes."
    )
    segment_precision: Literal["float32", "float16"] = Field(
        "float32", description="How patch features are stored; `float16` halves the space."
    )
    pointer_max_age_s: float = Field(
        1.0, ge=0, le=60, description="With Redis: how old may be what a replica knows of the version that serves, s."
    )
    weights_dir: Path = Field(Path("models/weights"), description="Folder of the backbones' weight files.")
    weights_url: str | None = Field(
        None, description="Mirror that `weights fetch` asks instead of the official address."
    )
    backbone: str = Field("auto", description="`auto`, `embedded` or a name from models/registry.toml.")
    verify_weights: bool = Field(True, description="Check a weight file's SHA-256 before it is loaded.")
    device: str = Field(
        "auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="Where it computes: `auto`, `cpu`, `cuda` or `cuda:N`."
    )
    precision: Precision = Field(
        "auto", description="`float32`, `bfloat16`, `float16`; auto: bfloat16 on a GPU, on a CPU where it agrees."
    )
    engine: Literal["auto", "torch", "openvino"] = Field(
        "auto", description="What runs the backbone: `torch`, or `openvino` on a CPU; auto: the faster that agrees."
    )
    cache_dir: Path | None = Field(
        None, description="Folder of compiled networks, which may be emptied; else `compiled` in DATA_DIR."
    )
    threads: int = Field(0, ge=0, le=1024, description="Threads of torch, FAISS and OpenCV; 0: one per available core.")
    max_body_bytes: int = Field(256 * 2**20, ge=1024, description="Largest request body.")
    max_image_pixels: int = Field(
        100_000_000, ge=1024, le=2**30, description="Largest image, in pixels (width times height)."
    )
    max_images_per_request: int = Field(64, ge=1, le=10_000, description="Most images in one registration or batch.")
    max_queue: int = Field(
        32, ge=1, le=10_000, description="Inspections that may wait or run; one more is answered 503."
    )
    max_wait_s: float = Field(
        5.0, gt=0, le=600, description="An inspection that would wait longer for its turn is answered 503 at once, s."
    )
    max_registrations: int = Field(4, ge=1, le=1000, description="Registrations that may wait or run at a time.")
    max_jobs: int = Field(4, ge=1, le=1000, description="Jobs that may wait or run; their images are held in memory.")
    background_share: float = Field(
        0.2, ge=0.01, le=0.9, description="Share of the computing time that all but inspections get once they wait."
    )
    max_batch: int = Field(
        0, ge=0, le=64, description="Most images of inspections in one pass; 0: 8 on a GPU, 1 on a CPU."
    )
    batch_wait_ms: float = Field(
        2.0, ge=0, le=100, description="On a GPU, while others inspect: how long a pass waits for more images, ms."
    )
    bank_cache_bytes: int = Field(4 * 2**30, ge=2**20, description="Memory for loaded banks; least recently used go.")
    gpu_bank_cache_bytes: int = Field(
        8 * 2**30, ge=2**20, description="The same where banks lie in a GPU's memory, instead of BANK_CACHE_BYTES."
    )
    exact_rows: int = Field(
        4096, ge=1024, description="Up to so many rows of a bank, an inspection searches all of them; CPU only."
    )
    bank_rows: Literal["float32", "float16"] = Field(
        "float32", description="How rows of new banks lie in memory; `float16` halves it; CPU only."
    )
    auto_create_products: bool = Field(True, description="Create an unknown product at its first registration.")
    keep_versions: int = Field(20, ge=1, le=10_000, description="Bank versions kept per product.")
    smaller_edge: int = Field(448, ge=112, le=1344, description="Given to a product at its creation, px.")
    profile: Profile = Field("robust", description="Given to a product at its creation: `robust` or `paper`.")
    ui: Literal["on", "off"] = Field(default="on", description="Whether the console is there, below /ui.")
    ui_idle_minutes: float = Field(default=60, gt=0, le=10_080, description="When an unused session of it ends, min.")
    records: Literal["on", "off"] = Field("on", description="Whether every answered inspection is kept on record.")
    records_url: SecretStr | None = Field(None, description="PostgreSQL for records; unset: SQLite beside the store.")
    records_password: SecretStr | None = Field(None, description="Password for RECORDS_URL; best as a Docker secret.")
    records_wait_ms: int = Field(250, ge=1, le=60_000, description="Longest that an answer waits for its record, ms.")
    records_spool_bytes: int = Field(2**26, ge=2**16, description="Records that may wait on the disk, bytes.")
    pictures_dir: Path | None = Field(None, description="Folder of pictures; unset: beside the disk store.")
    pictures_days: int = Field(90, ge=1, le=36_500, description="Pictures are removed after so many days.")
    pictures_bytes: int = Field(10 * 2**30, ge=2**20, description="Most bytes of pictures; the oldest go first.")
    auth: Literal["auto", "off"] = Field(
        "auto", description="`auto`: keys are asked for once there are any; `off`: never."
    )
    admin_key: SecretStr | None = Field(
        None, description="First key, with every right; best as a Docker secret. Two, separated by space, to rotate."
    )
    keys_file: Path | None = Field(
        None, description="File of `inspector keys`; unset: keys.json in the folder of the disk store."
    )
    tls_cert: Path | None = Field(None, description="Certificate chain (PEM) to serve HTTPS with.")
    tls_key: Path | None = Field(None, description="Private key (PEM) of TLS_CERT.")
    cors_origins: Annotated[str | None, AfterValidator(origins)] = Field(
        None, description="Origins, separated by spaces, whose pages a browser lets call; `*`: all of them."
    )
    root_path: Annotated[str | None, AfterValidator(path_prefix)] = Field(
        None, description="Path prefix under which a proxy shows the service, such as `/inspector`."
    )
    drain_s: float = Field(
        0.0, ge=0, le=60, description="After SIGTERM: serve on for so long, not ready, for a proxy to notice, s."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line: `debug` to `error`."
    )
    log_format: Literal["text", "json"] = Field("text", description="Log lines for people, or a JSON object each.")
    metrics_products: int = Field(0, ge=0, le=1000, description="Products that `/metrics` tells apart; 0: none.")

    @model_validator(mode="after")
    def _one_redis(self) -> Self:
        if self.coordination_url and self.store_url and is_redis(self.store_url):
            raise ValueError("COORDINATION_URL goes with a disk store; where STORE_URL is Redis, leave it out")
        return self

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("TLS_CERT and TLS_KEY go together: give both or none")
        return self

    @model_validator(mode="after")
    def _registrations_fit_the_queue(self) -> Self:
        if self.max_registrations > self.max_queue:
            raise ValueError("MAX_REGISTRATIONS must not exceed MAX_QUEUE")
        return self

    @property
    def store_dir(self) -> Path:
        """Folder of the disk store; with everything in Redis, the folder for what is not in the store."""
        on_disk = self.store_url is not None and not is_redis(self.store_url)
        return Path(unquote(urlsplit(self.store_url).path)) if self.store_url and on_disk else self.data_dir

    @property
    def redis_url(self) -> str | None:
        """The Redis that is used, if any."""
        return self.store_url if self.store_url and is_redis(self.store_url) else self.coordination_url

    @property
    def blobs_in_redis(self) -> bool:
        """Whether Redis keeps everything, not only what replicas have to agree on."""
        return self.store_url is not None and is_redis(self.store_url)


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment; a wrong value, or a file that is no UTF-8, raises `ConfigurationError` that names
    it."""
    secrets_dir = _secrets_dir()
    require_utf8(ENV_FILE, mark_allowed=True)
    for _, name in names_of_secrets(secrets_dir):
        if name.lower().removeprefix(ENV_PREFIX.lower()) in Settings.model_fields:
            require_utf8(SECRETS_DIR / name)
    try:
        return Settings(_secrets_dir=secrets_dir, **overrides)  # type: ignore[call-arg, arg-type]
    except ValidationError as error:
        raise ConfigurationError("Wrong settings. " + "; ".join(map(_told, error.errors()))) from None


def misspelt_settings() -> list[str]:
    """A line for each `INSPECTOR_…` name in the environment, `.env` or the secrets that is no setting."""
    given = [("environment", name) for name in sorted(os.environ)]
    given += [*names_in_file(ENV_FILE), *names_of_secrets(_secrets_dir())]
    return unknown_names(given, ENV_PREFIX, [*map(str.upper, Settings.model_fields), *OF_COMPOSE])


def environment_for_demo(cache_dir: Path) -> dict[str, str]:
    """The environment of a server that takes over what this machine has to compute with, and has the defaults else.

    Every default is spelt out, so that neither a `.env` nor a secret can set it; the store is the caller's to name.
    `cache_dir`: for compiled networks, where the settings name no folder for them.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    settings = load_settings()
    chosen = {name: field.default for name, field in Settings.model_fields.items()}
    chosen |= {name: getattr(settings, name) for name in OF_THE_MACHINE}
    chosen["weights_dir"] = settings.weights_dir.absolute()
    chosen["cache_dir"] = (settings.cache_dir or cache_dir).absolute()
    chosen["auth"] = "off"  # a secret may hold a key, and this server listens on loopback only
    others = {name: value for name, value in os.environ.items() if not name.upper().startswith(ENV_PREFIX)}
    return others | {_setting_name((name,)): str(value) for name, value in chosen.items() if value is not None}


def _secrets_dir() -> Path | None:
    return SECRETS_DIR if SECRETS_DIR.is_dir() else None


def _told(item: "ErrorDetails") -> str:
    """What is wrong, with the value given; but no secret, no URL, which may hold a password, nor all settings at once,
    for secrets are among them."""
    name = str(item["loc"][0]) if item["loc"] else ""
    shown = (
        name in Settings.model_fields
        and SecretStr not in get_args(Settings.model_fields[name].annotation)
        and not name.endswith("_url")
    )
    given = f" (given: {item['input']!r})" if shown else ""
    return f"{_setting_name(item['loc'])}: {item['msg']}{given}"


def _setting_name(location: tuple[int | str, ...]) -> str:
    return ENV_PREFIX + str(location[0]).upper() if location else "settings"
