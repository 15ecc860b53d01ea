"""Makes Tests/UnmaskHeadsTests/Fixtures/heads.json: what scikit-learn makes of small random features.

    python -m venv build/venv-heads && build/venv-heads/bin/pip install -r Tests/Oracles/heads/requirements.txt
    build/venv-heads/bin/python Tests/Oracles/heads/make_fixtures.py

Seed 20; versions in requirements.txt, and in the file itself.
"""

import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    mean_absolute_error,
    precision_recall_fscore_support,
    r2_score,
    roc_auc_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent.parent / "UnmaskHeadsTests" / "Fixtures" / "heads.json"
TRAIN, TEST, WIDTH, CLASSES, LABELS = 240, 60, 12, 4, 3


def main() -> None:
    random = np.random.default_rng(20)
    centres = random.normal(size=(CLASSES, WIDTH))
    classes = random.choice(CLASSES, size=TRAIN + TEST, p=[0.5, 0.25, 0.15, 0.1])
    x = (centres[classes] + 1.5 * random.normal(size=(TRAIN + TEST, WIDTH))) * random.uniform(0.1, 8, WIDTH) + 3
    x[:, 5] = 2.5  # a constant column
    x = x.astype(np.float32)
    tags = (x @ random.normal(size=(WIDTH, LABELS)) + random.normal(size=(TRAIN + TEST, LABELS)) * 5 > 0).astype(int)
    values = x @ random.normal(size=(WIDTH, 2)) + random.normal(size=(TRAIN + TEST, 2)) * 4
    wide = x.astype(np.float64)
    scaler = StandardScaler().fit(wide[:TRAIN])
    train, test = scaler.transform(wide[:TRAIN]), scaler.transform(wide[TRAIN:])
    exact = {"tol": 1e-10, "max_iter": 20_000}

    logistic = []
    for c, weight in [(0.003, None), (1.0, None), (30.0, None), (1.0, "balanced")]:
        fitted = LogisticRegression(C=c, class_weight=weight, **exact).fit(train, classes[:TRAIN])
        logistic.append({"C": c, "balanced": weight is not None, "scores": fitted.decision_function(test).tolist()})
    tagged = [LogisticRegression(C=0.5, **exact).fit(train, tags[:TRAIN, j]).decision_function(test) for j in range(LABELS)]
    ridge = [{"alpha": a, "values": Ridge(alpha=a).fit(train, values[:TRAIN]).predict(test).tolist()} for a in (0.1, 50)]
    votes = []
    for k in (1, 5, 20):
        knn = KNeighborsClassifier(k, metric="cosine", algorithm="brute", weights=lambda d: np.exp((1 - d) / 0.07))
        votes.append({"k": k, "votes": knn.fit(wide[:TRAIN], classes[:TRAIN]).predict_proba(wide[TRAIN:]).tolist()})

    components = []
    for k, whiten in [(3, False), (11, True), (0.95, False)]:
        fitted = PCA(k, whiten=whiten, svd_solver="full").fit(wide[:TRAIN])
        components.append({
            "dimensions": k if k >= 1 else None, "whiten": whiten, "variances": fitted.explained_variance_.tolist(),
            "share": fitted.explained_variance_ratio_.sum(), "values": fitted.transform(wide[TRAIN:]).tolist(),
        })  # fmt: skip

    scores = np.array(logistic[2]["scores"]) * 3
    best = scores.argmax(1)
    truth = classes[TRAIN:]
    precision, recall, f1, _ = precision_recall_fscore_support(truth, best, labels=range(CLASSES), zero_division=0)

    def loss(logarithm: float) -> float:
        return -log_softmax(scores / np.exp(logarithm), axis=1)[np.arange(TEST), truth].mean()

    temperature = float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-8}).x))
    tag_scores = np.round(np.array(tagged).T, 1)  # with ties
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(
        json.dumps(
            {
                "made_by": f"scikit-learn {sklearn.__version__}, scipy {scipy.__version__}, numpy {np.__version__}, seed 20",
                "train": TRAIN,
                "features": x.astype(float).tolist(),
                "classes": classes.tolist(),
                "tags": [np.flatnonzero(row).tolist() for row in tags],
                "values": values.tolist(),
                "logistic": logistic,
                "tag": {"C": 0.5, "scores": np.array(tagged).T.tolist()},
                "ridge": ridge,
                "neighbours": votes,
                "components": components,
                "measures": {
                    "scores": scores.tolist(),
                    "confusion": confusion_matrix(truth, best, labels=range(CLASSES)).tolist(),
                    "precision": precision.tolist(),
                    "recall": recall.tolist(),
                    "f1": f1.tolist(),
                    "temperature": temperature,
                    "tag_scores": tag_scores.tolist(),
                    "auroc": [roc_auc_score(tags[TRAIN:, j], tag_scores[:, j]) for j in range(LABELS)],
                    "average_precision": [average_precision_score(tags[TRAIN:, j], tag_scores[:, j]) for j in range(LABELS)],
                    "r2": r2_score(values[TRAIN:, 0], np.array(ridge[0]["values"])[:, 0]),
                    "mean_error": mean_absolute_error(values[TRAIN:, 0], np.array(ridge[0]["values"])[:, 0]),
                },
            }
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
