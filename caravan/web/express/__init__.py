"""The express lanes: what is asked most often is answered straight from the connection, beside the rest of the API in one server.

A request for `POST /v1/orders` or `GET /v1/recommendations` is read, admitted and decoded where its bytes arrive. Orders are
decided by the cell together with their neighbors and written back from one wake-up of the event loop for all that became
durable together; lists are made at once. Whatever is not plainly such a request goes the ordinary way, and so does each that
would be refused: there is one place that says no. `tests/web/api/test_express*.py` hold both ways together.
"""

from caravan.web.express.connection import protocol

__all__ = ["protocol"]
