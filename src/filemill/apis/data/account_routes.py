"""The addresses of this API where somebody makes an account, signs in, and asks who he is."""

from litestar import Response, get, post
from litestar.datastructures import State
from litestar.params import JSONBody, RequestBody

from filemill.accounts import sign_in, tokens
from filemill.apis.data import replies
from filemill.apis.data.operations import SECURITY, UNREADABLE, Asked, refusals
from filemill.apis.data.schemas import AccountReply, Credentials, NewAccount, Token
from filemill.jobs.job import DATA
from filemill.web.address import client_of
from filemill.web.bodies import FormBody, FormOperation, JsonBody
from filemill.web.caller import ANYONE
from filemill.web.guards import Limited, signed_in

MOST_CREDENTIALS_BYTES = 8 * 2**10


@post(
    "/auth/register",
    guards=[Limited("registrations", "hour")],
    dto=JsonBody[NewAccount],
    opt=ANYONE,
    summary="Register",
    response_description="The account is made.",
    responses=refusals(
        408,
        413,
        415,
        429,
        bad=(
            "The body cannot be read, the e-mail is none or is taken, or the password has not 8 to 200 characters.",
            "This e-mail is already registered.",
        ),
    ),
    request_max_body_size=MOST_CREDENTIALS_BYTES,
    tags=["accounts"],
)
async def register(data: JSONBody[NewAccount]) -> AccountReply:
    """Makes an account. An e-mail that is taken already, or no e-mail at all, is a 400; too many an hour are a 429."""
    return replies.account(await sign_in.register(data.email, data.password))


@post(
    "/auth/login",
    dto=FormBody[Credentials],
    operation_class=FormOperation,
    opt=ANYONE,
    status_code=200,
    summary="Sign in",
    response_description="The access token.",
    responses=refusals(
        408,
        413,
        429,
        bad=(
            "The body is not a form of these fields, or the e-mail or the password is wrong.",
            "Invalid credentials: the e-mail or the password is wrong.",
        ),
    ),
    request_max_body_size=MOST_CREDENTIALS_BYTES,
    tags=["accounts"],
)
async def login(data: RequestBody[Credentials], request: Asked, state: State) -> Response[Token]:
    """Signs in by e-mail and password -> an access token. After ten failures within 15 minutes: 429."""
    entered = await sign_in.sign_in(
        data.username, data.password, address=client_of(request.scope, state.trusted), api=DATA
    )
    token = tokens.issue_access(
        state.settings.secret,
        tokens.Claims(entered.account, entered.version, entered.id),
        seconds=state.settings.access_seconds,
    )
    return Response(Token(token), headers={"Cache-Control": "no-store"})


@get(
    "/users/me",
    guards=[signed_in],
    summary="Who am I?",
    response_description="The account.",
    responses=refusals(401, bad=UNREADABLE),
    security=SECURITY,
    tags=["accounts"],
)
async def read_me(request: Asked) -> AccountReply:
    """The account behind the token."""
    return AccountReply(str(request.user.id), request.user.email or "")


handlers = (register, login, read_me)
"""Every address of this file."""
