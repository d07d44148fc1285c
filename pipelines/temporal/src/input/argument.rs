//! Decoding that always succeeds, so that the workflow itself can say what was wrong.

use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_common::data_converters::{
    PayloadConversionError, SerializationContext, TemporalDeserializable, TemporalSerializable,
};
use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::Validate;

/// A workflow's argument, or why it is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument<T>(
    /// The argument, or a message that says what was found instead of it.
    pub Result<T, String>,
);

impl<T: Validate> Argument<T> {
    /// The argument, when it can be read and makes sense.
    ///
    /// # Errors
    /// What is wrong with it, in one sentence.
    pub fn valid(self) -> Result<T, String> {
        let input = self.0?;
        input.validate()?;
        Ok(input)
    }
}

impl<T> From<T> for Argument<T> {
    fn from(value: T) -> Self {
        Self(Ok(value))
    }
}

impl<T: Serialize> TemporalSerializable for Argument<T> {
    fn to_payload(&self, _: &SerializationContext<'_>) -> Result<Payload, PayloadConversionError> {
        let value = self
            .0
            .as_ref()
            .map_err(|message| PayloadConversionError::EncodingError(message.clone().into()))?;
        let data = serde_json::to_vec(value)
            .map_err(|error| PayloadConversionError::EncodingError(error.into()))?;
        Ok(Payload {
            metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
            data,
            ..Payload::default()
        })
    }
}

impl<T: DeserializeOwned> TemporalDeserializable for Argument<T> {
    fn from_payloads(
        _: &SerializationContext<'_>,
        payloads: Vec<Payload>,
    ) -> Result<Self, PayloadConversionError> {
        Ok(Self(read(&payloads)))
    }
}

/// The longest argument that is read, in bytes. The server takes 2 MiB; an argument names what is to
/// be done and never is the data, so a long one is a mistake.
const MAX_BYTES: usize = 1024 * 1024;

/// Reads the one JSON payload that a workflow takes.
pub(super) fn read<T: DeserializeOwned>(payloads: &[Payload]) -> Result<T, String> {
    let [payload] = payloads else {
        return Err(format!(
            "workflow argument: expected one, found {}",
            payloads.len()
        ));
    };
    let encoding = payload.metadata.get("encoding").map(Vec::as_slice);
    if encoding != Some(b"json/plain") {
        let found = encoding.map_or_else(
            || "none".into(),
            |found| String::from_utf8_lossy(found).into_owned(),
        );
        return Err(format!(
            "workflow argument: expected the encoding json/plain, found {found}"
        ));
    }
    if payload.data.len() > MAX_BYTES {
        return Err(format!(
            "workflow argument: expected at most {MAX_BYTES} bytes, found {}",
            payload.data.len()
        ));
    }
    serde_json::from_slice(&payload.data).map_err(|error| {
        // A payload may have megabytes; the message need not.
        let text = String::from_utf8_lossy(&payload.data);
        let head: String = text.chars().take(200).collect();
        format!("workflow argument: {error}, found {head}")
    })
}
