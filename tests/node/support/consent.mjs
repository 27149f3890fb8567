// Logs in and consents at once, as a person would by two clicks at a provider (npm oidc-provider).
export async function consent(provider, request, response) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  let result = { login: { accountId: "ann" } };
  if (prompt.name === "consent") {
    const grant = new provider.Grant({ accountId: "ann", clientId: params.client_id });
    grant.addOIDCScope("openid offline_access");
    result = { consent: { grantId: await grant.save() } };
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}
