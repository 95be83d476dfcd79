"""What people write in Python: requests, urllib3's Retry, one request after the other or a pool of threads. `requests_sync.py BASE THREADS RECORDS`"""
import sys
from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

base, threads, left = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
session = requests.Session()
retry = Retry(total=5, backoff_factor=0.5, status_forcelist=[429, 500, 502, 503, 504], allowed_methods=None)
session.mount("http://", HTTPAdapter(max_retries=retry, pool_maxsize=threads))


def put(row):
    body = {
        "id": row["id"],
        "name": row["name"],
        "email": row["email"],
        "active": row["active"],
        "updated": row["updated_at"],
        "note": row["note"],
        "total": round(row["price"] * row["quantity"], 2),
        "label": row["city"].upper() + " / " + row["name"],
    }
    session.put(f"{base}/items/{row['id']}", json=body, timeout=30).raise_for_status()


cursor = "0"
with ThreadPoolExecutor(threads) as pool:
    while cursor is not None and left > 0:
        page = session.get(f"{base}/records", params={"cursor": cursor}, timeout=30).json()
        rows = page["data"][:left]
        left -= len(rows)
        if threads == 1:
            for row in rows:
                put(row)
        else:
            list(pool.map(put, rows))
        cursor = page["next"]
